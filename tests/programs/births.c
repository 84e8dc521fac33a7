// SPDX-License-Identifier: Apache-2.0
/* births.c - a look at every process of a command at the moment at which it is born
 *
 * births [-s | -S] [-u UID] FILE COMMAND [ARG…]: runs the command (as that user) and follows what it forks and clones, up to an execve of something else. Each
 * new process is held before its first instruction, and FILE gets a line:
 *
 *   born PID of PARENT pids=own|alone|shared hidden|BARE fds[ N=WHAT…]
 *
 * pids: in which pid namespace it is: ours; one of its own, where it is the first; one in which there are others. BARE: who has its uid
 * and may do all in its user namespace could ptrace it. fds: beside the standard descriptors.
 *
 * With -s every system call is looked at, too:
 *
 *   BARE PID before CALL     it was dumpable when it made the call of that number (for each process and number once)
 *   setsid PID pids=… fds …  what it had open then: the first step of a process that is in its namespaces
 *
 * With -S the first process that calls setsid(2) is left stopped there, by SIGSTOP, with nobody who traces it.
 *
 * Runs in:  the host, as root, around sandrun.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PROCESSES 4096
#define MAX_CALLS 512

struct process {
	pid_t pid;
	bool started;		    /* its first stop is over */
	bool command;		    /* the command itself: nobody's until it has hidden itself */
	unsigned char told[MAX_CALLS]; /* calls before which it was found bare */
};

static struct process *all[MAX_PROCESSES];
static size_t n_all;
static bool every_call, stop_one;
static FILE *out;

static struct process *process_of(pid_t pid)
{
	for (size_t i = 0; i < n_all; i++)
		if (all[i]->pid == pid)
			return all[i];
	if (n_all == MAX_PROCESSES)
		exit(3);
	all[n_all] = calloc(1, sizeof(struct process));
	all[n_all]->pid = pid;
	return all[n_all++];
}

static void forget(pid_t pid)
{
	for (size_t i = 0; i < n_all; i++) {
		if (all[i]->pid != pid)
			continue;
		free(all[i]);
		all[i] = all[--n_all];
		return;
	}
}

/* --- what the kernel tells of a process ----------------------------------------------------------------------- */

static char *status_line(pid_t pid, const char *key)
{
	static char line[256];
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0) {
			fclose(f);
			return line + strlen(key);
		}
	}
	if (f)
		fclose(f);
	line[0] = 0;
	return line;
}

static ino_t inode_of(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static const char *pids_of(pid_t pid)
{
	const char *numbers, *last;

	if (inode_of(pid, "ns/pid") == inode_of(getpid(), "ns/pid"))
		return "own";
	numbers = status_line(pid, "NSpid:");
	last = strrchr(numbers, '\t');
	return last && atoi(last + 1) == 1 ? "alone" : "shared";
}

static void say_fds(pid_t pid)
{
	char path[300], link[256];
	struct dirent *de;
	DIR *d;

	fprintf(out, " fds");
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		ssize_t n;

		if (de->d_name[0] == '.' || atoi(de->d_name) <= 2)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, de->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = 0;
		fprintf(out, " %s=%s", de->d_name, link);
	}
	if (d)
		closedir(d);
	fprintf(out, "\n");
	fflush(out);
}

/* --- who could look into it -------------------------------------------------------------------------------------- */

static void ptrace_capability(bool on)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d) < 0)
		exit(3);
	if (on)
		d[0].effective |= 1u << CAP_SYS_PTRACE;
	else
		d[0].effective &= ~(1u << CAP_SYS_PTRACE);
	if (syscall(SYS_capset, &h, d) < 0)
		exit(3);
}

/* As one with its real uid and gid, every capability permitted and all but CAP_SYS_PTRACE in effect: owner of every user namespace that
 * root has made. Refused then for want of the "dumpable" mark only. */
static bool is_hidden(pid_t pid)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)4096, 1 };
	unsigned int uid = 0, gid = 0;
	bool hidden;

	sscanf(status_line(pid, "Uid:"), "%u", &uid);
	sscanf(status_line(pid, "Gid:"), "%u", &gid);
	if (setresgid(gid, 0, 0) < 0 || setresuid(uid, 0, 0) < 0)
		exit(3);
	ptrace_capability(false);
	hidden = process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && errno == EPERM;
	ptrace_capability(true);
	if (setresuid(0, 0, 0) < 0 || setresgid(0, 0, 0) < 0)
		exit(3);
	return hidden;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* By its name: what /proc/PID/exe leads to is a mount that has none. */
static bool is_ours(pid_t pid)
{
	return strstr(status_line(pid, "Name:"), "sandrun");
}

static bool is_thread(pid_t pid)
{
	return atoi(status_line(pid, "Tgid:")) != pid;
}

static void born(pid_t pid)
{
	if (is_thread(pid))
		return;
	fprintf(out, "born %d of %d pids=%s %s", (int)pid, atoi(status_line(pid, "PPid:")), pids_of(pid),
		is_hidden(pid) ? "hidden" : "BARE");
	say_fds(pid);
}

/* False: it is not followed any more. */
static bool at_call(struct process *p)
{
	struct __ptrace_syscall_info info;
	unsigned long nr;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) < 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return true;
	nr = info.entry.nr;
	if (nr == SYS_setsid && stop_one) {
		stop_one = false;
		fprintf(out, "stopped %d\n", (int)p->pid);
		fflush(out);
		ptrace(PTRACE_DETACH, p->pid, 0, SIGSTOP);
		forget(p->pid);
		return false;
	}
	if (nr == SYS_setsid) {
		fprintf(out, "setsid %d pids=%s", (int)p->pid, pids_of(p->pid));
		say_fds(p->pid);
	}
	/* The call that takes the mark away, and the end. */
	if (nr >= MAX_CALLS || nr == SYS_prctl || nr == SYS_exit_group || p->told[nr])
		return true;
	if (is_hidden(p->pid)) {
		p->command = false;
		return true;
	}
	if (p->command)
		return true;
	p->told[nr] = 1;
	fprintf(out, "BARE %d before %lu (pids=%s)\n", (int)p->pid, nr, pids_of(p->pid));
	fflush(out);
	return true;
}

static void stopped(pid_t pid, int status)
{
	struct process *p = process_of(pid);
	int event = status >> 16, sig = WSTOPSIG(status), deliver = 0;

	if (event == PTRACE_EVENT_STOP && !p->started) {
		p->started = true;
		born(pid);
	} else if (event == PTRACE_EVENT_EXEC && !is_ours(pid)) {
		forget(pid);
		ptrace(PTRACE_DETACH, pid, 0, 0);
		return;
	} else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, 0, 0); /* a group stop */
		return;
	} else if (!event && sig == (SIGTRAP | 0x80)) {
		if (!at_call(p))
			return;
	} else if (!event) {
		deliver = sig;
	}
	ptrace(every_call ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, deliver);
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
			     PTRACE_O_TRACESYSGOOD;
	int status, opt, code = 3;
	pid_t first, pid;
	uid_t uid = 0;

	while ((opt = getopt(argc, argv, "+sSu:")) != -1) {
		if (opt == 's' || opt == 'S')
			every_call = true;
		if (opt == 'S')
			stop_one = true;
		else if (opt == 's')
			continue;
		else if (opt == 'u')
			uid = (uid_t)atoi(optarg);
		else
			return 3;
	}
	argv += optind;
	out = argc - optind < 2 ? NULL : fopen(argv[0], "ae");
	if (!out)
		return 3;
	first = fork();
	if (first == 0) {
		raise(SIGSTOP);
		if (uid && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
			_exit(3);
		execvp(argv[1], argv + 1);
		_exit(3);
	}
	if (waitpid(first, &status, WUNTRACED) != first || ptrace(PTRACE_SEIZE, first, 0, options) < 0)
		return 3;
	process_of(first)->started = process_of(first)->command = true;
	kill(first, SIGCONT);
	/* What is left then (a supervisor, an init that waits) goes on by itself. */
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			stopped(pid, status);
			continue;
		}
		forget(pid);
		if (pid == first) {
			code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			break;
		}
	}
	return code;
}
