"""Language-model providers: one small protocol, retries, prices, a budget and a cache."""
