"""Stage 1: responses of simulated students.

python backend/scripts/generate_synthetic_responses.py --count 100 --output responses.csv [--seed 42] [--exact]
    [--use-openai | --provider openai|gemini] [--model M] [--max-cost USD] [--dry-run] [--retry-failed]
"""

from skillscope.cli.data import command_generate_synthetic_responses, run_script

if __name__ == "__main__":
    run_script(command_generate_synthetic_responses)
