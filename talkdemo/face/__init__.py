"""ARKit-52 coefficients in, vertices and landmarks of the parametric head out."""
