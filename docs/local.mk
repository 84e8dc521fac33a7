dist_man_MANS += docs/sandrun.1
dist_man_MANS += docs/sandrun-policy.5
EXTRA_DIST += docs/architecture.md docs/security.md
