"""What a KEMI module is and what its functions are handed."""
