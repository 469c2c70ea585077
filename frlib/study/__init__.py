"""A question as a value, and the plan that answers it. No torch, no ray."""
