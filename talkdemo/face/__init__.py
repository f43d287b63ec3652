"""The parametric head: from ARKit-52 coefficients to vertices and landmarks; and the tracker, the way back."""
