"""Front panel."""
