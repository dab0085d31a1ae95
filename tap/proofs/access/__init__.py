"""Who may do what: IAM policies, evaluated for one request or for whole classes of them."""
