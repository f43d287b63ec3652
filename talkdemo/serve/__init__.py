"""Past one machine: the costly work on a Ray cluster, and whole folders of clips."""
