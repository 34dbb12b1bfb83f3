"""What earlier versions wrote, kept to be read by every later one."""
