DROP INDEX chaos.teams_slow_idx;
