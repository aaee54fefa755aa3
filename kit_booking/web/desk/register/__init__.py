"""The register of households at the office."""
