#!/usr/bin/env bash
# Makes COUNT conversations from each of two providers, checks them and puts them together.
#   scripts/generate_synthetic_data.sh                                  # openai and gemini, 100 each, seed 42
#   PROVIDERS="template openai" COUNT=20 SEED=7 scripts/generate_synthetic_data.sh
# Further options go to each `skillscope conversations generate`, for example --max-cost 5 or --dry-run.
set -euo pipefail

providers=${PROVIDERS:-openai gemini}
count=${COUNT:-100}
seed=${SEED:-42}
data=${SKILLSCOPE_DATA_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/data}
name=synthetic_conversations_${count}_seed${seed}.jsonl

files=()
for provider in $providers; do
  skillscope conversations generate --provider "$provider" --count "$count" --seed "$seed" \
    --output-dir "$data/synthetic/$provider" "$@"
  files+=("$data/synthetic/$provider/$name")
done

for option in "$@"; do
  if [ "$option" = --dry-run ]; then exit 0; fi
done

for file in "${files[@]}"; do
  status=0
  skillscope conversations check "$file" --wanted "$count" || status=$?
  # 3: everything measured passes and only a person's review is missing; 1 and 2 stop the script
  if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then exit "$status"; fi
done

skillscope conversations combine "${files[@]}" --output "$data/synthetic/combined_${count}_seed${seed}.jsonl"
