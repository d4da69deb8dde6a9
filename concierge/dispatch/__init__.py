"""Who goes when: the board, proposals for what nobody does yet, and slots that customers choose."""
