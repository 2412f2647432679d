"""What is wrong with features, found in their declarations and in the decisions that were made with them."""
