"""The articulation model: phones and prosody to motion."""
