"""The articulation model: motion from phones and prosody."""
