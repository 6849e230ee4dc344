"""What is true: tables, the shapes in and out, and the rules that keep them true."""
