"""Members' devices, and how they wish to be told of news."""
