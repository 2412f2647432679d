"""What Feast's offline store says was known, and how it differs from what was served."""
