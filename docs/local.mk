dist_man_MANS += docs/sandrun.1
dist_man_MANS += docs/sandrun-policy.5
EXTRA_DIST += docs/architecture.md docs/security.md docs/agents.md docs/ci.md docs/laptop.md docs/cluster.md docs/troubleshooting.md
