"""Corpora of clips (speech, phones, motion): one file each, gathered in corpora.CORPORA."""
