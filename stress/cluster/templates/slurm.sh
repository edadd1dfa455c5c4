#!/usr/bin/env bash
# A run of levstress in @shards parts on Slurm. `bash THIS_FILE` submits three jobs that wait for each other: begin the
# run, compute its parts, seal the result. The run directory must be reached by every node. Parts that fail or are
# preempted can be submitted again: what they had finished is kept, and no path is counted twice.
set -euo pipefail
resources=(--time=08:00:00 --cpus-per-task=16 --mem=32G)  # on GPUs add: --gres=gpu:1 --partition=...

begun=$(sbatch --parsable "${resources[@@]}" --job-name=levstress-begin <<'JOB'
#!/bin/sh
exec levstress run @scenario --paths @paths --seed @seed --out @out --prepare --resume
JOB
)
parts=$(sbatch --parsable "${resources[@@]}" --job-name=levstress --array=0-@last --requeue \
  --dependency="afterok:$begun" <<'JOB'
#!/bin/sh
exec levstress worker @out --shard "$SLURM_ARRAY_TASK_ID/@shards"
JOB
)
sbatch "${resources[@@]}" --job-name=levstress-seal --dependency="afterok:$parts" <<'JOB'
#!/bin/sh
exec levstress resume @out
JOB
