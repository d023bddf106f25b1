"""From the bytes of a picture to the digit on it."""
