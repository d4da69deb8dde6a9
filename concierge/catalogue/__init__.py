"""What is sold: products, instrument models with their facts, and the playbooks that bring them into use."""
