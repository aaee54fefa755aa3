"""The register of households, and taking over the paper one."""
