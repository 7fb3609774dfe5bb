"""The stateful side: transactions with their branches, replies, failures and cancellation, as Kamailio's tm does it."""
