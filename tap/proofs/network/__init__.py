"""Which packets get from where to where: networks as facts, questions, answers with the path."""
