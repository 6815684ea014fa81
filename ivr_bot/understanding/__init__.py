"""What people mean: answers to questions by rules, in three languages."""
