"""What is predicted of users from what is known of them: segments and propensities, and how they reach serving."""
