"""What every page stands on: security, responses, language, forms, labels, who is reading."""
