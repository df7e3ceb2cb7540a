"""Processes that may crash, hang or run out of memory because of a picture, without other harm."""
