"""The questions the world may ask, a file each: from a request to one frozen value (domain/found.py), in our own words.

What writes such a value as data is in document/, or in dialects/ where the words are another service's; doors call both.
"""
