"""Bytes of image files to pictures of 64 by 64 pixels."""
