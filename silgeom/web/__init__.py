"""A web server that shows the results under a root: `silgeom serve`."""
