"""Can a new model answer queries against the index that an old one filled?"""
