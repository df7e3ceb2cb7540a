"""From the bytes of an image file to a picture of 64 by 64 pixels."""
