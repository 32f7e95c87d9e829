"""New styles: from attributes, early signals and reach to the distribution of a style's total."""
