"""Sound in, phonetic features out: decode → features → encoder."""
