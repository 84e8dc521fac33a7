# SPDX-License-Identifier: Apache-2.0
# dist.mk - what makes `make dist` reproducible (GNU tar reads TAR_OPTIONS); automake is not to look into it
SOURCE_DATE_EPOCH ?= $(shell git -C $(srcdir) log -1 --format=%ct 2>/dev/null || stat -c %Y $(srcdir)/configure.ac)
dist dist-xz distcheck deb: export TAR_OPTIONS = --sort=name --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner \
	--mode=u+rw,go+r,go-w,a+X --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime
