// SPDX-License-Identifier: Apache-2.0
/* replay.c - a main() that runs a corpus through a fuzz harness once, so that "make check" needs no fuzzer
 *
 * Arguments: files or directories; without any, CORPUS below $srcdir (automake sets it for tests).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef CORPUS
#define CORPUS "."
#endif

static unsigned int n_files;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	uint8_t *buf;
	size_t n;

	if (!f || fstat(fileno(f), &st) < 0) {
		perror(path);
		if (f)
			fclose(f);
		return -1;
	}
	/* Exactly as large as the file: so a read past the end is seen by ASan. */
	buf = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (!buf)
		abort();
	n = fread(buf, 1, (size_t)st.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(buf, n);
	free(buf);
	n_files++;
	return 0;
}

static int replay(const char *path)
{
	struct stat st;
	struct dirent *d;
	DIR *dir;
	int r = 0;

	if (stat(path, &st) < 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	dir = opendir(path);
	if (!dir) {
		perror(path);
		return -1;
	}
	while ((d = readdir(dir))) {
		char sub[4096];

		if (d->d_name[0] == '.')
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, d->d_name);
		if (replay(sub) < 0)
			r = -1;
	}
	closedir(dir);
	return r;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	int r = 0;

	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) < 0)
			r = -1;
	if (argc < 2) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", srcdir ? srcdir : ".", CORPUS);
		r = replay(path);
	}
	printf("%u files\n", n_files);
	/* An empty corpus is a mistake of the build, not a success. */
	return r < 0 || !n_files;
}
