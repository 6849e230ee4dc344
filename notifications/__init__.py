"""What is sent: deciding who hears of what, and delivering it."""
