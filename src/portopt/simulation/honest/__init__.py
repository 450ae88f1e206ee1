"""The suite of 32: faults that backtesters had which people trusted, each put to ours, and to others where they can be asked.

rows        the table: what happened where, and who asks         made       small markets whose answer is known beforehand
looking_ahead, validation, book, happenings, figures             a function a row: an outcome, by the simulator's public face
peers/      the same put to other libraries, where they are installed
"""
