CREATE INDEX CONCURRENTLY teams_slow_idx ON chaos.teams (chaos.slowly(id));
