// SPDX-License-Identifier: Apache-2.0
/* test-oci-read.c - every field of the documents arrives in its member, and every mistake is told with its path */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/names.h"
#include "oci/read.h"

/* JSON with ' for ". */
static char *json(const char *s)
{
	char *t = strdup(s);

	assert_non_null(t);
	for (char *p = t; *p; p++)
		if (*p == '\'')
			*p = '"';
	return t;
}

#define MINIMAL "'ociVersion':'1.3.0','root':{'path':'r'}"

static int config(const char *s, struct oci_config *c, struct oci_error *e)
{
	char *t = json(s);
	int r = oci_config_parse(t, strlen(t), c, e);

	free(t);
	return r;
}

static void config_ok(const char *s, struct oci_config *c)
{
	struct oci_error e = { "" };

	if (config(s, c, &e) < 0)
		fail_msg("%s", e.msg);
}

/* The text of the error, of a document that must have one. */
static void config_fails(const char *s, const char *message)
{
	struct oci_config c;
	struct oci_error e = { "" };

	if (config(s, &c, &e) == 0) {
		oci_config_free(&c);
		fail_msg("accepted: %s", s);
	}
	assert_string_equal(e.msg, message);
	/* Nothing to free, and harmless to do. */
	oci_config_free(&c);
}

/* --- everything ------------------------------------------------------------------------------------- */

static const char everything[] =
	"{'ociVersion':'1.2.1-dev+x.1',"
	"'root':{'path':'rootfs','readonly':true},"
	"'mounts':["
	" {'destination':'/proc','type':'proc','source':'proc'},"
	" {'destination':'data','source':'/src','options':['rbind','ro',''],"
	"  'uidMappings':[{'containerID':1,'hostID':2,'size':3}],"
	"  'gidMappings':[{'containerID':4,'hostID':5,'size':6},{'containerID':7,'hostID':8,'size':9}]}],"
	"'process':{'terminal':true,'consoleSize':{'height':25,'width':80},'cwd':'/home','env':['A=1','B='],"
	" 'args':['sh','-c',''],'commandLine':'cmd',"
	" 'user':{'uid':1,'gid':2,'umask':18,'additionalGids':[3,4294967295],'username':'joe'},"
	" 'capabilities':{'bounding':['CAP_CHOWN','CAP_KILL'],'permitted':['CAP_BPF'],'effective':['CAP_SYSLOG'],"
	"  'inheritable':['CAP_LEASE'],'ambient':['CAP_CHECKPOINT_RESTORE']},"
	" 'rlimits':[{'type':'RLIMIT_NOFILE','soft':10,'hard':20},"
	"  {'type':'RLIMIT_CORE','soft':18446744073709551615,'hard':18446744073709551615}],"
	" 'apparmorProfile':'aa','selinuxLabel':'se','oomScoreAdj':-7,"
	" 'scheduler':{'policy':'SCHED_DEADLINE','nice':-3,'priority':4,'flags':['SCHED_FLAG_RECLAIM'],'runtime':5,"
	"  'deadline':6,'period':7},"
	" 'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':6},"
	" 'execCPUAffinity':{'initial':'0-3, 7','final':'1'},'noNewPrivileges':true},"
	"'hostname':'host','domainname':'domain',"
	"'hooks':{'prestart':[{'path':'/p1','args':['p1','x'],'env':['E=1'],'timeout':5},{'path':'/p2'}],"
	" 'createRuntime':[{'path':'/cr'}],'createContainer':[{'path':'/cc'}],'startContainer':[{'path':'/sc'}],"
	" 'poststart':[{'path':'/ps'}],'poststop':[{'path':'/pp'}]},"
	"'linux':{'namespaces':[{'type':'mount'},{'type':'pid'},{'type':'network','path':'/run/netns/a'},{'type':'uts'},"
	"  {'type':'ipc'},{'type':'user'},{'type':'cgroup'},{'type':'time'}],"
	" 'uidMappings':[{'containerID':0,'hostID':1000,'size':4294966295}],"
	" 'gidMappings':[{'containerID':0,'hostID':1001,'size':1}],"
	" 'timeOffsets':{'boottime':{'secs':-5,'nanosecs':6},'monotonic':{'secs':7}},"
	" 'devices':[{'type':'c','path':'/dev/fuse','major':10,'minor':229,'fileMode':8630,'uid':1,'gid':2},"
	"  {'type':'p','path':'/dev/pipe'}],"
	" 'netDevices':{'eth0':{'name':'c0'},'eth1':{},'eth2':null},"
	" 'cgroupsPath':'/cg','resources':{"
	"  'devices':[{'allow':false,'access':'rwm'},{'allow':true,'type':'b','major':-1,'minor':3,'access':'r'}],"
	"  'memory':{'limit':1,'reservation':2,'swap':-1,'kernel':4,'kernelTCP':5,'swappiness':60,"
	"   'disableOOMKiller':true,'useHierarchy':false,'checkBeforeUpdate':true},"
	"  'cpu':{'shares':1,'quota':-1,'burst':3,'period':4,'realtimeRuntime':5,'realtimePeriod':6,'cpus':'0-1',"
	"   'mems':'0','idle':1},"
	"  'pids':{'limit':-1},"
	"  'blockIO':{'weight':10,'leafWeight':20,'weightDevice':[{'major':8,'minor':0,'weight':500,'leafWeight':300}],"
	"   'throttleReadBpsDevice':[{'major':1,'minor':2,'rate':3}],"
	"   'throttleWriteBpsDevice':[{'major':4,'minor':5,'rate':6}],"
	"   'throttleReadIOPSDevice':[{'major':7,'minor':8,'rate':9}],"
	"   'throttleWriteIOPSDevice':[{'major':10,'minor':11,'rate':18446744073709551615}]},"
	"  'hugepageLimits':[{'pageSize':'2MB','limit':9223372036854772000}],"
	"  'network':{'classID':1048577,'priorities':[{'name':'eth0','priority':500}]},"
	"  'rdma':{'mlx5_1':{'hcaHandles':3,'hcaObjects':10000},'rxe3':{'hcaObjects':0}},"
	"  'unified':{'io.max':'259:0 rbps=1\\n253:0 wbps=2','pids.max':''}},"
	" 'intelRdt':{'closID':'/','schemata':['L3:0=7f0','MB:0=20'],'l3CacheSchema':'L3:0=f','memBwSchema':'MB:0=1',"
	"  'enableMonitoring':true},"
	" 'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-1','flags':['MPOL_F_STATIC_NODES']},"
	" 'sysctl':{'net.core.somaxconn':'256'},"
	" 'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'architectures':['SCMP_ARCH_X86_64'],"
	"  'flags':['SECCOMP_FILTER_FLAG_LOG'],'listenerPath':'/l.sock','listenerMetadata':'meta',"
	"  'syscalls':[{'names':['read','write'],'action':'SCMP_ACT_ALLOW','args':[{'index':5,"
	"   'value':18446744073709551615,'valueTwo':2,'op':'SCMP_CMP_MASKED_EQ'}]},"
	"   {'names':['mount'],'action':'SCMP_ACT_TRACE','errnoRet':1}]},"
	" 'rootfsPropagation':'rslave','maskedPaths':['/proc/kcore'],'readonlyPaths':['/proc/sys','/proc/bus'],"
	" 'mountLabel':'label','personality':{'domain':'LINUX32'}},"
	"'annotations':{'a':'1','io.sandlock.net-allow':''},"
	"'windows':{'x':[[[1.5e9]]]},'unknown':'field'}";

static void assert_strings(const struct oci_strings *s, size_t n, ...)
{
	va_list ap;

	assert_int_equal(s->n, n);
	va_start(ap, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(s->v[i], va_arg(ap, const char *));
	va_end(ap);
	/* argv and envp */
	assert_null(s->v[n]);
}

static void assert_mapping(const struct oci_id_mapping *m, uint32_t container, uint32_t host, uint32_t size)
{
	assert_int_equal(m->container_id, container);
	assert_int_equal(m->host_id, host);
	assert_int_equal(m->size, size);
}

#define assert_opt(o, value) \
	do { \
		assert_true((o).set); \
		assert_true((o).v == (value)); \
	} while (0)

static void check_root_and_mounts(const struct oci_config *c)
{
	assert_string_equal(c->oci_version, "1.2.1-dev+x.1");
	assert_string_equal(c->root.path, "rootfs");
	assert_true(c->root.readonly);
	assert_int_equal(c->n_mounts, 2);
	assert_string_equal(c->mounts[0].destination, "/proc");
	assert_string_equal(c->mounts[0].type, "proc");
	assert_string_equal(c->mounts[0].source, "proc");
	assert_null(c->mounts[0].options.v);
	assert_int_equal(c->mounts[0].options.n, 0);
	assert_string_equal(c->mounts[1].destination, "data");
	assert_null(c->mounts[1].type);
	assert_strings(&c->mounts[1].options, 3, "rbind", "ro", "");
	assert_int_equal(c->mounts[1].n_uid_mappings, 1);
	assert_mapping(&c->mounts[1].uid_mappings[0], 1, 2, 3);
	assert_int_equal(c->mounts[1].n_gid_mappings, 2);
	assert_mapping(&c->mounts[1].gid_mappings[1], 7, 8, 9);
}

static void check_process(const struct oci_process *p)
{
	assert_true(p->terminal);
	assert_true(p->console_size.set);
	assert_int_equal(p->console_size.height, 25);
	assert_int_equal(p->console_size.width, 80);
	assert_string_equal(p->cwd, "/home");
	assert_strings(&p->env, 2, "A=1", "B=");
	assert_strings(&p->args, 3, "sh", "-c", "");
	assert_string_equal(p->command_line, "cmd");
	assert_int_equal(p->user.uid, 1);
	assert_int_equal(p->user.gid, 2);
	assert_opt(p->user.umask, 18);
	assert_int_equal(p->user.n_additional_gids, 2);
	assert_int_equal(p->user.additional_gids[0], 3);
	assert_true(p->user.additional_gids[1] == 4294967295u);
	assert_string_equal(p->user.username, "joe");
	assert_true(p->capabilities.set);
	assert_strings(&p->capabilities.bounding, 2, "CAP_CHOWN", "CAP_KILL");
	assert_strings(&p->capabilities.permitted, 1, "CAP_BPF");
	assert_strings(&p->capabilities.effective, 1, "CAP_SYSLOG");
	assert_strings(&p->capabilities.inheritable, 1, "CAP_LEASE");
	assert_strings(&p->capabilities.ambient, 1, "CAP_CHECKPOINT_RESTORE");
	assert_int_equal(p->n_rlimits, 2);
	assert_string_equal(p->rlimits[0].type, "RLIMIT_NOFILE");
	assert_int_equal(p->rlimits[0].soft, 10);
	assert_int_equal(p->rlimits[0].hard, 20);
	assert_true(p->rlimits[1].hard == UINT64_MAX);
	assert_string_equal(p->apparmor_profile, "aa");
	assert_string_equal(p->selinux_label, "se");
	assert_opt(p->oom_score_adj, -7);
	assert_true(p->scheduler.set);
	assert_string_equal(p->scheduler.policy, "SCHED_DEADLINE");
	assert_int_equal(p->scheduler.nice, -3);
	assert_int_equal(p->scheduler.priority, 4);
	assert_strings(&p->scheduler.flags, 1, "SCHED_FLAG_RECLAIM");
	assert_int_equal(p->scheduler.runtime, 5);
	assert_int_equal(p->scheduler.deadline, 6);
	assert_int_equal(p->scheduler.period, 7);
	assert_true(p->io_priority.set);
	assert_string_equal(p->io_priority.class_, "IOPRIO_CLASS_BE");
	assert_int_equal(p->io_priority.priority, 6);
	assert_string_equal(p->exec_cpu_affinity.initial, "0-3, 7");
	assert_string_equal(p->exec_cpu_affinity.final, "1");
	assert_true(p->no_new_privileges);
}

static void check_hooks(const struct oci_hooks *h)
{
	assert_int_equal(h->prestart.n, 2);
	assert_string_equal(h->prestart.v[0].path, "/p1");
	assert_strings(&h->prestart.v[0].args, 2, "p1", "x");
	assert_strings(&h->prestart.v[0].env, 1, "E=1");
	assert_opt(h->prestart.v[0].timeout, 5);
	assert_false(h->prestart.v[1].timeout.set);
	assert_null(h->prestart.v[1].args.v);
	assert_string_equal(h->create_runtime.v[0].path, "/cr");
	assert_string_equal(h->create_container.v[0].path, "/cc");
	assert_string_equal(h->start_container.v[0].path, "/sc");
	assert_string_equal(h->poststart.v[0].path, "/ps");
	assert_string_equal(h->poststop.v[0].path, "/pp");
}

static void check_linux(const struct oci_linux *l)
{
	assert_int_equal(l->n_namespaces, OCI_NS_COUNT);
	for (int t = 0; t < OCI_NS_COUNT; t++)
		assert_int_equal(l->namespaces[t].type, t);
	assert_string_equal(oci_namespace_find(l, OCI_NS_NETWORK)->path, "/run/netns/a");
	assert_null(l->namespaces[0].path);
	assert_int_equal(l->n_uid_mappings, 1);
	assert_mapping(&l->uid_mappings[0], 0, 1000, 4294966295u);
	assert_mapping(&l->gid_mappings[0], 0, 1001, 1);
	assert_true(l->boottime.set);
	assert_int_equal(l->boottime.secs, -5);
	assert_int_equal(l->boottime.nanosecs, 6);
	assert_true(l->monotonic.set);
	assert_int_equal(l->monotonic.secs, 7);
	assert_int_equal(l->n_devices, 2);
	assert_string_equal(l->devices[0].type, "c");
	assert_string_equal(l->devices[0].path, "/dev/fuse");
	assert_int_equal(l->devices[0].major, 10);
	assert_int_equal(l->devices[0].minor, 229);
	assert_opt(l->devices[0].file_mode, 8630);
	assert_opt(l->devices[0].uid, 1);
	assert_opt(l->devices[0].gid, 2);
	assert_false(l->devices[1].file_mode.set);
	assert_int_equal(l->n_net_devices, 3);
	assert_string_equal(l->net_devices[0].host_name, "eth0");
	assert_string_equal(l->net_devices[0].name, "c0");
	assert_string_equal(l->net_devices[2].host_name, "eth2");
	assert_null(l->net_devices[2].name);
	assert_string_equal(l->cgroups_path, "/cg");
	assert_true(l->intel_rdt.set);
	assert_string_equal(l->intel_rdt.clos_id, "/");
	assert_strings(&l->intel_rdt.schemata, 2, "L3:0=7f0", "MB:0=20");
	assert_string_equal(l->intel_rdt.l3_cache_schema, "L3:0=f");
	assert_string_equal(l->intel_rdt.mem_bw_schema, "MB:0=1");
	assert_true(l->intel_rdt.enable_monitoring);
	assert_true(l->memory_policy.set);
	assert_string_equal(l->memory_policy.mode, "MPOL_BIND");
	assert_string_equal(l->memory_policy.nodes, "0-1");
	assert_strings(&l->memory_policy.flags, 1, "MPOL_F_STATIC_NODES");
	assert_string_equal(oci_map_get(&l->sysctl, "net.core.somaxconn"), "256");
	assert_string_equal(l->rootfs_propagation, "rslave");
	assert_strings(&l->masked_paths, 1, "/proc/kcore");
	assert_strings(&l->readonly_paths, 2, "/proc/sys", "/proc/bus");
	assert_string_equal(l->mount_label, "label");
	assert_true(l->personality.set);
	assert_string_equal(l->personality.domain, "LINUX32");
}

static void check_seccomp(const struct oci_seccomp *s)
{
	assert_true(s->set);
	assert_string_equal(s->default_action, "SCMP_ACT_ERRNO");
	assert_opt(s->default_errno_ret, 38);
	assert_strings(&s->architectures, 1, "SCMP_ARCH_X86_64");
	assert_strings(&s->flags, 1, "SECCOMP_FILTER_FLAG_LOG");
	assert_string_equal(s->listener_path, "/l.sock");
	assert_string_equal(s->listener_metadata, "meta");
	assert_int_equal(s->n_syscalls, 2);
	assert_strings(&s->syscalls[0].names, 2, "read", "write");
	assert_string_equal(s->syscalls[0].action, "SCMP_ACT_ALLOW");
	assert_false(s->syscalls[0].errno_ret.set);
	assert_int_equal(s->syscalls[0].n_args, 1);
	assert_int_equal(s->syscalls[0].args[0].index, 5);
	assert_true(s->syscalls[0].args[0].value == UINT64_MAX);
	assert_int_equal(s->syscalls[0].args[0].value_two, 2);
	assert_string_equal(s->syscalls[0].args[0].op, "SCMP_CMP_MASKED_EQ");
	assert_opt(s->syscalls[1].errno_ret, 1);
}

static void assert_throttle(const struct oci_throttle_list *t, int64_t major, int64_t minor, uint64_t rate)
{
	assert_int_equal(t->n, 1);
	assert_true(t->v[0].major == major && t->v[0].minor == minor && t->v[0].rate == rate);
}

static void check_resources(const struct oci_resources *r)
{
	assert_int_equal(r->n_devices, 2);
	assert_false(r->devices[0].allow);
	assert_null(r->devices[0].type);
	assert_false(r->devices[0].major.set);
	assert_string_equal(r->devices[0].access, "rwm");
	assert_true(r->devices[1].allow);
	assert_string_equal(r->devices[1].type, "b");
	assert_opt(r->devices[1].major, -1);
	assert_opt(r->devices[1].minor, 3);
	assert_opt(r->memory.limit, 1);
	assert_opt(r->memory.reservation, 2);
	assert_opt(r->memory.swap, -1);
	assert_opt(r->memory.kernel, 4);
	assert_opt(r->memory.kernel_tcp, 5);
	assert_opt(r->memory.swappiness, 60);
	assert_opt(r->memory.disable_oom_killer, true);
	assert_opt(r->memory.use_hierarchy, false);
	assert_opt(r->memory.check_before_update, true);
	assert_opt(r->cpu.shares, 1);
	assert_opt(r->cpu.quota, -1);
	assert_opt(r->cpu.burst, 3);
	assert_opt(r->cpu.period, 4);
	assert_opt(r->cpu.realtime_runtime, 5);
	assert_opt(r->cpu.realtime_period, 6);
	assert_string_equal(r->cpu.cpus, "0-1");
	assert_string_equal(r->cpu.mems, "0");
	assert_opt(r->cpu.idle, 1);
	assert_opt(r->pids_limit, -1);
	assert_opt(r->block_io.weight, 10);
	assert_opt(r->block_io.leaf_weight, 20);
	assert_int_equal(r->block_io.n_weight_device, 1);
	assert_int_equal(r->block_io.weight_device[0].major, 8);
	assert_int_equal(r->block_io.weight_device[0].minor, 0);
	assert_opt(r->block_io.weight_device[0].weight, 500);
	assert_opt(r->block_io.weight_device[0].leaf_weight, 300);
	assert_throttle(&r->block_io.throttle_read_bps_device, 1, 2, 3);
	assert_throttle(&r->block_io.throttle_write_bps_device, 4, 5, 6);
	assert_throttle(&r->block_io.throttle_read_iops_device, 7, 8, 9);
	assert_throttle(&r->block_io.throttle_write_iops_device, 10, 11, UINT64_MAX);
	assert_int_equal(r->n_hugepage_limits, 1);
	assert_string_equal(r->hugepage_limits[0].page_size, "2MB");
	assert_true(r->hugepage_limits[0].limit == 9223372036854772000ull);
	assert_opt(r->network.class_id, 1048577);
	assert_int_equal(r->network.n_priorities, 1);
	assert_string_equal(r->network.priorities[0].name, "eth0");
	assert_int_equal(r->network.priorities[0].priority, 500);
	assert_int_equal(r->n_rdma, 2);
	assert_string_equal(r->rdma[0].device, "mlx5_1");
	assert_opt(r->rdma[0].hca_handles, 3);
	assert_opt(r->rdma[0].hca_objects, 10000);
	assert_false(r->rdma[1].hca_handles.set);
	assert_opt(r->rdma[1].hca_objects, 0);
	assert_int_equal(r->unified.n, 2);
	assert_string_equal(oci_map_get(&r->unified, "io.max"), "259:0 rbps=1\n253:0 wbps=2");
	assert_string_equal(oci_map_get(&r->unified, "pids.max"), "");
}

static void every_field_arrives_in_its_member(void **state)
{
	struct oci_config c;

	(void)state;
	config_ok(everything, &c);
	check_root_and_mounts(&c);
	assert_true(c.has_process);
	check_process(&c.process);
	assert_string_equal(c.hostname, "host");
	assert_string_equal(c.domainname, "domain");
	check_hooks(&c.hooks);
	assert_true(c.has_linux);
	check_linux(&c.linux_);
	check_resources(&c.linux_.resources);
	check_seccomp(&c.linux_.seccomp);
	assert_int_equal(c.annotations.n, 2);
	assert_string_equal(c.annotations.v[0].key, "a");
	assert_string_equal(oci_map_get(&c.annotations, "io.sandlock.net-allow"), "");
	assert_null(oci_map_get(&c.annotations, "b"));
	oci_config_free(&c);
	/* A freed one is a zeroed one. */
	assert_null(c.root.path);
	oci_config_free(&c);
}

static void absent_fields_are_absent(void **state)
{
	struct oci_config c, zero;

	(void)state;
	config_ok("{" MINIMAL "}", &c);
	free(c.oci_version);
	free(c.root.path);
	c.oci_version = c.root.path = NULL;
	memset(&zero, 0, sizeof(zero));
	assert_memory_equal(&c, &zero, sizeof(c));
}

/* Go writes null for a nil map or slice, and "" where nothing is. */
static void null_and_empty_strings_are_absent(void **state)
{
	struct oci_config c;

	(void)state;
	config_ok("{" MINIMAL ",'mounts':null,'process':null,'hostname':'','hooks':{'prestart':null},'linux':{"
		  "'namespaces':[{'type':'pid','path':''}],'resources':{'memory':null,'cpu':{'shares':null,'cpus':''},"
		  "'unified':null},'seccomp':null,'rootfsPropagation':'','maskedPaths':[],'intelRdt':null},"
		  "'annotations':null}",
		  &c);
	assert_false(c.has_process);
	assert_null(c.hostname);
	assert_int_equal(c.n_mounts, 0);
	assert_null(c.linux_.namespaces[0].path);
	assert_false(c.linux_.resources.cpu.shares.set);
	assert_null(c.linux_.resources.cpu.cpus);
	assert_false(c.linux_.seccomp.set);
	assert_false(c.linux_.intel_rdt.set);
	assert_null(c.linux_.rootfs_propagation);
	/* An empty list is a list. */
	assert_non_null(c.linux_.masked_paths.v);
	assert_null(c.linux_.masked_paths.v[0]);
	oci_config_free(&c);
	config_fails("{'ociVersion':null,'root':{'path':'r'}}", "ociVersion: required field is missing");
	config_fails("{'ociVersion':'1.0.0','root':null}", "root: required field is missing");
	config_fails("null", "the document: expected an object, found null");
	config_fails("{" MINIMAL ",'mounts':[null]}", "mounts[0]: expected an object, found null");
	config_fails("{" MINIMAL ",'annotations':{'k':null}}", "annotations[\"k\"]: expected a string, found null");
	config_fails("{" MINIMAL ",'process':{'cwd':'/','args':[null]}}",
		     "process.args[0]: expected a string, found null");
}

static void the_last_of_repeated_keys_wins(void **state)
{
	struct oci_config c;

	(void)state;
	config_ok("{'root':7,'hostname':'a'," MINIMAL ",'mounts':[{'destination':'/a','options':['x']}],"
		  "'mounts':[{'destination':'/b'},{'destination':'/c','destination':'/d'}],'hostname':'b',"
		  "'linux':{'namespaces':[{'type':'pid'}],'namespaces':null}}",
		  &c);
	assert_string_equal(c.hostname, "b");
	assert_int_equal(c.n_mounts, 2);
	assert_string_equal(c.mounts[0].destination, "/b");
	assert_string_equal(c.mounts[1].destination, "/d");
	assert_int_equal(c.linux_.n_namespaces, 0);
	oci_config_free(&c);
}

static void a_key_that_is_data_must_not_be_there_twice(void **state)
{
	struct oci_config c;

	(void)state;
	config_fails("{" MINIMAL ",'annotations':{'k':'1','l':'2','kk':'3','k':'1'}}", "annotations[\"k\"]: it is there twice");
	config_fails("{" MINIMAL ",'linux':{'netDevices':{'e':{'name':'a'},'f':{},'e':{}}}}",
		     "linux.netDevices[\"e\"]: it is there twice");
	config_ok("{" MINIMAL ",'annotations':{'k':'1'},'annotations':{'k':'2','K':'3','k2':'4'}}", &c);
	assert_int_equal(c.annotations.n, 3);
	assert_string_equal(oci_map_get(&c.annotations, "k"), "2");
	oci_config_free(&c);
}

static void keys_are_compared_whole_and_exactly(void **state)
{
	struct oci_config c;

	(void)state;
	config_ok("{" MINIMAL ",'Hostname':'x','hostname2':'x','host':'x','':'x','hostname\\u0000':'x'}", &c);
	assert_null(c.hostname);
	oci_config_free(&c);
}

/* --- mistakes ----------------------------------------------------------------------------------------- */

struct mistake {
	const char *fields; /* behind the minimal ones */
	const char *message;
};

#define PROCESS(more) "'process':{'cwd':'/','args':['a']," more "}"
#define LINUX(more) "'linux':{" more "}"
#define RESOURCES(more) LINUX("'resources':{" more "}")
#define SECCOMP(more) LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'," more "}")
#define SYSCALL(more) SECCOMP("'syscalls':[{'names':['a']," more "}]")

static const struct mistake mistakes[] = {
	/* wrong types */
	{ "'mounts':{}", "mounts: expected an array, found an object" },
	{ "'hostname':true", "hostname: expected a string, found true" },
	{ "'hostname':12.50", "hostname: expected a string, found 12.50" },
	{ "'hostname':['a']", "hostname: expected a string, found an array" },
	{ "'annotations':[]", "annotations: expected an object, found an array" },
	{ "'annotations':{'a':1}", "annotations[\"a\"]: expected a string, found 1" },
	{ "'annotations':{'a':{}}", "annotations[\"a\"]: expected a string, found an object" },
	{ "'annotations':{'':'x'}", "annotations[\"\"]: a key must not be empty" },
	{ "'root':{'path':'r','readonly':'yes'}", "root.readonly: expected true or false, found a string" },
	{ "'root':{'path':'r','readonly':1}", "root.readonly: expected true or false, found 1" },
	{ "'root':[]", "root: expected an object, found an array" },
	{ LINUX("'namespaces':[1]"), "linux.namespaces[0]: expected an object, found 1" },
	{ LINUX("'netDevices':{'e':1}"), "linux.netDevices[\"e\"]: expected an object, found 1" },
	{ LINUX("'netDevices':{'e':{'name':2}}"), "linux.netDevices[\"e\"].name: expected a string, found 2" },
	{ PROCESS("'capabilities':['CAP_KILL']"), "process.capabilities: expected an object, found an array" },
	/* numbers */
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':'1','hard':1}]"),
	  "process.rlimits[0].soft: expected a whole number from 0 to 18446744073709551615, found a string" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':18446744073709551616}]"),
	  "process.rlimits[0].hard: expected a whole number from 0 to 18446744073709551615, found "
	  "18446744073709551616" },
	{ PROCESS("'user':{'uid':-1}"), "process.user.uid: expected a whole number from 0 to 4294967295, found -1" },
	{ PROCESS("'user':{'uid':4294967296}"),
	  "process.user.uid: expected a whole number from 0 to 4294967295, found 4294967296" },
	{ PROCESS("'user':{'additionalGids':[0,1.0]}"),
	  "process.user.additionalGids[1]: expected a whole number from 0 to 4294967295, found 1.0" },
	{ PROCESS("'user':{'gid':1e3}"), "process.user.gid: expected a whole number from 0 to 4294967295, found 1e3" },
	{ PROCESS("'oomScoreAdj':1001"), "process.oomScoreAdj: expected a whole number from -1000 to 1000, found 1001" },
	{ PROCESS("'oomScoreAdj':-1001"),
	  "process.oomScoreAdj: expected a whole number from -1000 to 1000, found -1001" },
	{ PROCESS("'scheduler':{'policy':'SCHED_RR','nice':2147483648}"),
	  "process.scheduler.nice: expected a whole number from -2147483648 to 2147483647, found 2147483648" },
	{ PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}"),
	  "process.ioPriority.priority: expected a whole number from 0 to 7, found 8" },
	{ RESOURCES("'memory':{'limit':-2}"),
	  "linux.resources.memory.limit: expected a whole number from -1 to 9223372036854775807, found -2" },
	{ RESOURCES("'cpu':{'quota':-9223372036854775809}"),
	  "linux.resources.cpu.quota: expected a whole number from -9223372036854775808 to 9223372036854775807, found "
	  "-9223372036854775809" },
	{ RESOURCES("'memory':{'swappiness':101}"),
	  "linux.resources.memory.swappiness: expected a whole number from 0 to 100, found 101" },
	{ RESOURCES("'cpu':{'idle':2}"), "linux.resources.cpu.idle: expected a whole number from 0 to 1, found 2" },
	{ RESOURCES("'blockIO':{'weight':65536}"),
	  "linux.resources.blockIO.weight: expected a whole number from 0 to 65535, found 65536" },
	{ LINUX("'timeOffsets':{'boottime':{'nanosecs':1000000000}}"),
	  "linux.timeOffsets.boottime.nanosecs: expected a whole number from 0 to 999999999, found 1000000000" },
	{ "'hooks':{'poststop':[{'path':'/x','timeout':0}]}",
	  "hooks.poststop[0].timeout: expected a whole number from 1 to 9223372036854775807, found 0" },
	{ "'hostname':123456789012345678901234567890123456789012345678901234567890123456789",
	  "hostname: expected a string, found 1234567890123456789012345678901234567890123456789012345678901234…" },
	/* required fields */
	{ "'root':{}", "root.path: required field is missing" },
	{ "'root':{'path':''}", "root.path: must not be empty" },
	{ "'mounts':[{'destination':'/a'},{'type':'proc'}]", "mounts[1].destination: required field is missing" },
	{ "'process':{'args':['a']}", "process.cwd: required field is missing" },
	{ "'process':{'cwd':'/'}", "process.args: required field is missing" },
	{ "'process':{'cwd':'/','args':[]}", "process.args: must have at least one entry" },
	{ PROCESS("'consoleSize':{'width':1}"), "process.consoleSize.height: required field is missing" },
	{ PROCESS("'rlimits':[{'soft':1,'hard':1}]"), "process.rlimits[0].type: required field is missing" },
	{ PROCESS("'scheduler':{}"), "process.scheduler.policy: required field is missing" },
	{ PROCESS("'ioPriority':{'priority':1}"), "process.ioPriority.class: required field is missing" },
	{ "'hooks':{'prestart':[{}]}", "hooks.prestart[0].path: required field is missing" },
	{ LINUX("'namespaces':[{'path':'/x'}]"), "linux.namespaces[0].type: required field is missing" },
	{ LINUX("'uidMappings':[{'containerID':0,'hostID':0}]"),
	  "linux.uidMappings[0].size: required field is missing" },
	{ LINUX("'devices':[{'type':'c','path':'/d','minor':1}]"),
	  "linux.devices[0].major: required field is missing" },
	{ LINUX("'devices':[{'type':'b','path':'/d','major':1,'minor':null}]"),
	  "linux.devices[0].minor: required field is missing" },
	{ LINUX("'memoryPolicy':{}"), "linux.memoryPolicy.mode: invalid memory policy mode: required field is missing" },
	{ LINUX("'personality':{}"), "linux.personality.domain: required field is missing" },
	{ RESOURCES("'devices':[{'access':'r'}]"), "linux.resources.devices[0].allow: required field is missing" },
	{ RESOURCES("'hugepageLimits':[{'pageSize':'2MB'}]"),
	  "linux.resources.hugepageLimits[0].limit: required field is missing" },
	{ RESOURCES("'blockIO':{'throttleReadBpsDevice':[{'major':1,'minor':1}]}"),
	  "linux.resources.blockIO.throttleReadBpsDevice[0].rate: required field is missing" },
	{ RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1}]}"),
	  "linux.resources.blockIO.weightDevice[0]: needs weight or leafWeight, or both" },
	{ RESOURCES("'rdma':{'mlx':{}}"), "linux.resources.rdma[\"mlx\"]: needs hcaHandles or hcaObjects, or both" },
	{ LINUX("'seccomp':{'syscalls':[{'names':['a'],'action':'SCMP_ACT_ALLOW'}]}"),
	  "linux.seccomp.defaultAction: required field is missing" },
	{ SECCOMP("'syscalls':[{'action':'SCMP_ACT_ALLOW'}]"),
	  "linux.seccomp.syscalls[0].names: required field is missing" },
	{ SECCOMP("'syscalls':[{'names':[],'action':'SCMP_ACT_ALLOW'}]"),
	  "linux.seccomp.syscalls[0].names: must have at least one entry" },
	{ SYSCALL("'action':'SCMP_ACT_ALLOW','args':[{'index':0,'op':'SCMP_CMP_EQ'}]"),
	  "linux.seccomp.syscalls[0].args[0].value: required field is missing" },
	/* words */
	{ LINUX("'namespaces':[{'type':'pid'},{'type':'uts'},{'type':'foo'}]"),
	  "linux.namespaces[2].type: unknown namespace \"foo\" (one of mount, pid, network, uts, ipc, user, cgroup, "
	  "time)" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_TEST','soft':1,'hard':1}]"),
	  "process.rlimits[0].type: unknown limit \"RLIMIT_TEST\" (one of RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, "
	  "RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, "
	  "RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME)" },
	{ PROCESS("'scheduler':{'policy':'FIFO'}"),
	  "process.scheduler.policy: unknown scheduling policy \"FIFO\" (one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, "
	  "SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE)" },
	{ PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_NONE'}"),
	  "process.ioPriority.class: unknown I/O class \"IOPRIO_CLASS_NONE\" (one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, "
	  "IOPRIO_CLASS_IDLE)" },
	{ LINUX("'devices':[{'type':'a','path':'/d'}]"),
	  "linux.devices[0].type: unknown device type \"a\" (one of c, b, u, p)" },
	{ RESOURCES("'devices':[{'allow':true,'type':'u'}]"),
	  "linux.resources.devices[0].type: unknown device type \"u\" (one of a, c, b)" },
	{ LINUX("'rootfsPropagation':'none'"),
	  "linux.rootfsPropagation: unknown propagation \"none\" (one of shared, slave, private, unbindable, rshared, "
	  "rslave, rprivate, runbindable)" },
	{ LINUX("'memoryPolicy':{'mode':'MPOL_LOCAL','flags':['X']}"),
	  "linux.memoryPolicy.flags[0]: invalid memory policy flag \"X\" (one of MPOL_F_NUMA_BALANCING, "
	  "MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES)" },
	{ LINUX("'personality':{'domain':'BSD'}"),
	  "linux.personality.domain: unknown execution domain \"BSD\" (one of LINUX, LINUX32)" },
	{ SECCOMP("'flags':['SECCOMP_FILTER_FLAG_NEW_LISTENER']"),
	  "linux.seccomp.flags[0]: unknown seccomp flag \"SECCOMP_FILTER_FLAG_NEW_LISTENER\" (one of "
	  "SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, "
	  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)" },
	{ SECCOMP("'architectures':['x86']"),
	  "linux.seccomp.architectures[0]: unknown architecture \"x86\" (one of SCMP_ARCH_X86 … SCMP_ARCH_SHEB, 23 in "
	  "all)" },
	{ SYSCALL("'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':0,'op':'EQ'}]"),
	  "linux.seccomp.syscalls[0].args[0].op: unknown seccomp operator \"EQ\" (one of SCMP_CMP_NE, SCMP_CMP_LT, "
	  "SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ)" },
	{ LINUX("'timeOffsets':{'realtime':{}}"),
	  "linux.timeOffsets: unknown key \"realtime\" (one of boottime, monotonic)" },
	/* rules for one string */
	{ PROCESS("'cwd':'tmp'"), "process.cwd: must be an absolute path, found \"tmp\"" },
	{ "'hooks':{'startContainer':[{'path':'/a'},{'path':'b'}]}",
	  "hooks.startContainer[1].path: must be an absolute path, found \"b\"" },
	{ LINUX("'namespaces':[{'type':'pid','path':'proc/1/ns/pid'}]"),
	  "linux.namespaces[0].path: must be an absolute path, found \"proc/1/ns/pid\"" },
	{ LINUX("'maskedPaths':['']"), "linux.maskedPaths[0]: must be an absolute path, found \"\"" },
	{ PROCESS("'execCPUAffinity':{'initial':'all'}"),
	  "process.execCPUAffinity.initial: must be a list such as \"0-3,7\", found \"all\"" },
	{ RESOURCES("'devices':[{'allow':true,'access':'rx'}]"),
	  "linux.resources.devices[0].access: must be made of r, w and m, found \"rx\"" },
	{ RESOURCES("'hugepageLimits':[{'pageSize':'2M','limit':1}]"),
	  "linux.resources.hugepageLimits[0].pageSize: must be a size such as \"64KB\", \"2MB\" or \"1GB\", found "
	  "\"2M\"" },
	{ LINUX("'intelRdt':{'memBwSchema':'L3:0'}"),
	  "linux.intelRdt.memBwSchema: must begin with \"MB:\", found \"L3:0\"" },
	{ LINUX("'intelRdt':{'closID':'../x'}"),
	  "linux.intelRdt.closID: must be \"/\" or one name, found \"../x\"" },
	{ LINUX("'intelRdt':{'closID':'..'}"), "linux.intelRdt.closID: must be \"/\" or one name, found \"..\"" },
	{ LINUX("'intelRdt':{'schemata':['a\\nb']}"), "linux.intelRdt.schemata[0]: must be one line, found \"a\\u000ab\"" },
	{ LINUX("'personality':{'domain':'LINUX','flags':['X']}"),
	  "linux.personality.flags[0]: must be absent: the specification has no flags here yet, found \"X\"" },
	/* rules for an object */
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':2,'hard':1}]"),
	  "process.rlimits[0].soft: must not be above hard: 2 is above 1" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':1},{'type':'RLIMIT_AS','soft':1,'hard':1},"
		  "{'type':'RLIMIT_CPU','soft':2,'hard':2}]"),
	  "process.rlimits[2].type: RLIMIT_CPU was given before" },
	{ LINUX("'namespaces':[{'type':'pid'},{'type':'pid','path':'/x'}]"),
	  "linux.namespaces[1].type: namespace \"pid\" was given before" },
	{ LINUX("'uidMappings':[{'containerID':0,'hostID':0,'size':0}]"),
	  "linux.uidMappings[0].size: expected a whole number from 1 to 4294967295, found 0" },
	{ LINUX("'uidMappings':[{'containerID':1,'hostID':0,'size':4294967295}]"),
	  "linux.uidMappings[0].size: 4294967295 ids from 1 on go past 4294967294 in the container" },
	{ LINUX("'gidMappings':[{'containerID':0,'hostID':4294967295,'size':1}]"),
	  "linux.gidMappings[0].size: 1 ids from 4294967295 on go past 4294967294 on the host" },
	{ "'mounts':[{'destination':'/a','uidMappings':[{'containerID':0,'hostID':0,'size':1}]}]",
	  "mounts[0].gidMappings: required, as uidMappings is there" },
	{ "'mounts':[{'destination':'/a','gidMappings':[{'containerID':0,'hostID':0,'size':1}]}]",
	  "mounts[0].uidMappings: required, as gidMappings is there" },
	{ SECCOMP("'defaultErrnoRet':1"),
	  "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes no errno (SCMP_ACT_ERRNO and SCMP_ACT_TRACE do)" },
	{ SYSCALL("'action':'SCMP_ACT_KILL','errnoRet':1"),
	  "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL takes no errno (SCMP_ACT_ERRNO and SCMP_ACT_TRACE do)" },
	{ SECCOMP("'listenerMetadata':'x'"), "linux.seccomp.listenerMetadata: must be absent where listenerPath is" },
	/* what is quoted */
	{ "'hostname':'a\\u0000b'", "hostname: a string cannot hold \\u0000" },
	{ "'annotations':{'a\\u0000b':'x'}", "annotations[\"a\\u0000b\"]: a string cannot hold \\u0000" },
	{ "'annotations':{'a\\nb\\\"\\u007f\\\\':1}",
	  "annotations[\"a\\u000ab\\\"\\u007f\\\\\"]: expected a string, found 1" },
	{ PROCESS("'cwd':'0123456789012345678901234567890123456789012345678901234567890123456789'"),
	  "process.cwd: must be an absolute path, found "
	  "\"0123456789012345678901234567890123456789012345678901234567890123…\"" },
	/* 63 letters, then a character of two bytes that the cut must not halve */
	{ PROCESS("'cwd':'012345678901234567890123456789012345678901234567890123456789012éxx'"),
	  "process.cwd: must be an absolute path, found "
	  "\"012345678901234567890123456789012345678901234567890123456789012é…\"" },
	/* a lone surrogate, an overlong slash: yajl takes them */
	{ PROCESS("'cwd':'\\udc00\xc0\xaf'"), "process.cwd: must be an absolute path, found \"�����\"" },
};

static void each_mistake_is_told_with_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "{" MINIMAL ",%s}", mistakes[i].fields);
		config_fails(text, mistakes[i].message);
	}
}

static void versions_of_1_x_are_read_and_no_others(void **state)
{
	static const char *const good[] = { "1.0.0", "1.0.0-rc1", "1.0.0-rc.6+a.b", "1.0.2-dev", "1.1.0+dev", "1.3.0",
					    "1.99.12", "1.0.0-0a.-" };
	static const struct mistake bad[] = {
		{ "", "must not be empty" },
		{ "invalid", "must be a semantic version, such as \"1.3.0\", found \"invalid\"" },
		{ "1", "must be a semantic version, such as \"1.3.0\", found \"1\"" },
		{ "1.0", "must be a semantic version, such as \"1.3.0\", found \"1.0\"" },
		{ "v1.0.0", "must be a semantic version, such as \"1.3.0\", found \"v1.0.0\"" },
		{ "1.01.0", "must be a semantic version, such as \"1.3.0\", found \"1.01.0\"" },
		{ "1.0.0-", "must be a semantic version, such as \"1.3.0\", found \"1.0.0-\"" },
		{ "1.0.0-a..b", "must be a semantic version, such as \"1.3.0\", found \"1.0.0-a..b\"" },
		{ "1.0.0 ", "must be a semantic version, such as \"1.3.0\", found \"1.0.0 \"" },
		{ "2.0.0", "must be a version from 1.0.0 up to any 1.x, such as \"1.3.0\", found \"2.0.0\"" },
		{ "11.0.0", "must be a version from 1.0.0 up to any 1.x, such as \"1.3.0\", found \"11.0.0\"" },
		{ "0.1.0", "must be a version from 1.0.0 up to any 1.x, such as \"1.3.0\", found \"0.1.0\"" },
	};
	char text[128], message[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct oci_config c;

		snprintf(text, sizeof(text), "{'ociVersion':'%s','root':{'path':'r'}}", good[i]);
		config_ok(text, &c);
		oci_config_free(&c);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{'ociVersion':'%s','root':{'path':'r'}}", bad[i].fields);
		snprintf(message, sizeof(message), "ociVersion: %s", bad[i].message);
		config_fails(text, message);
	}
}

static void broken_json_is_told_in_one_line_with_its_place(void **state)
{
	static const struct mistake texts[] = {
		{ "", "not valid JSON: the text is empty" },
		{ " \n\t", "not valid JSON: the text is empty" },
		{ "{", "not valid JSON: the text ends too early (1 bytes)" },
		{ "{'a':1", "not valid JSON: the text ends too early (6 bytes)" },
		{ "{'a':\n\n  x}", "not valid JSON: line 3, column 3: invalid char in json text" },
		{ "{ invalid }", "not valid JSON: line 1, column 3: invalid char in json text" },
		{ "{'a' 1}", "not valid JSON: line 1, column 6: object key and value must be separated by a colon (':')" },
		{ "{'a':'\xff'}", "not valid JSON: line 1, column 7: invalid bytes in UTF8 string" },
		{ "{'a':1}{", "not valid JSON: line 1, column 8: trailing garbage" },
		{ "{'a':1,}", NULL },
		{ "{'a':'\n'}", NULL },
		{ "[1,2", NULL },
		{ "{'a':01}", NULL },
		{ "/* c */{}", NULL },
		{ "\xef\xbb\xbf{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct oci_config c;
		struct oci_error e = { "" };

		assert_int_equal(config(texts[i].fields, &c, &e), -1);
		assert_null(strchr(e.msg, '\n'));
		assert_ptr_equal(strstr(e.msg, "not valid JSON: "), e.msg);
		if (texts[i].message)
			assert_string_equal(e.msg, texts[i].message);
	}
}

static void a_nul_byte_ends_nothing_early(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}\0,{";
	struct oci_config c;
	struct oci_error e;

	(void)state;
	assert_int_equal(oci_config_parse(text, sizeof(text) - 1, &c, &e), -1);
	assert_non_null(strstr(e.msg, "not valid JSON"));
}

/* @n times @open, in an unknown field and as a wrong value. */
static void try_depth(size_t n, const char *open)
{
	static const char *const heads[] = { "{\"x\":", "{\"mounts\":" };

	for (size_t h = 0; h < 2; h++) {
		size_t len = strlen(heads[h]), each = strlen(open);
		char *text = malloc(len + n * each);
		struct oci_config c;
		struct oci_error e;

		assert_non_null(text);
		memcpy(text, heads[h], len);
		for (size_t i = 0; i < n; i++)
			memcpy(text + len + i * each, open, each);
		assert_int_equal(oci_config_parse(text, len + n * each, &c, &e), -1);
		assert_non_null(strstr(e.msg, ": nested deeper than 1000 levels"));
		free(text);
	}
}

static void a_million_levels_are_an_error_and_no_crash(void **state)
{
	(void)state;
	try_depth(1000000, "[");
	try_depth(1000000, "{\"a\":");
	try_depth(1000, "[");
}

static void a_deep_unknown_field_is_ignored(void **state)
{
	size_t n = 900;
	char *text = calloc(1, 2 * n + 100);
	struct oci_config c;
	struct oci_error e = { "" };

	(void)state;
	strcpy(text, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"x\":");
	memset(text + strlen(text), '[', n);
	memset(text + strlen(text), ']', n);
	strcat(text, "}");
	if (oci_config_parse(text, strlen(text), &c, &e) < 0)
		fail_msg("%s", e.msg);
	oci_config_free(&c);
	free(text);
}

static void more_values_than_any_document_has_are_an_error(void **state)
{
	size_t n = (1u << 20) + 10;
	char *text = malloc(2 * n + 10);
	struct oci_config c;
	struct oci_error e;

	(void)state;
	text[0] = '[';
	for (size_t i = 0; i < n; i++)
		memcpy(text + 1 + 2 * i, "0,", 2);
	assert_int_equal(oci_config_parse(text, 1 + 2 * n, &c, &e), -1);
	assert_non_null(strstr(e.msg, ": more than 1048576 values"));
	free(text);
}

/* Seconds would be quadratic; this is a fraction of one. */
static void a_hundred_thousand_annotations_are_no_effort(void **state)
{
	size_t n = 100000, at;
	char *text = malloc(n * 32 + 100);
	struct oci_config c;
	struct oci_error e = { "" };

	(void)state;
	at = (size_t)sprintf(text, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"annotations\":{");
	for (size_t i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "%s\"k%zu\":\"%zu\"", i ? "," : "", i, i);
	at += (size_t)sprintf(text + at, "}}");
	if (oci_config_parse(text, at, &c, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(c.annotations.n, n);
	assert_string_equal(c.annotations.v[n - 1].key, "k99999");
	assert_string_equal(c.annotations.v[n - 1].value, "99999");
	oci_config_free(&c);
	free(text);
}

static void the_edges_of_numbers_are_exact(void **state)
{
	struct oci_config c;

	(void)state;
	config_ok("{" MINIMAL "," RESOURCES("'memory':{'limit':9223372036854775807,'swap':-0},'cpu':{"
					    "'quota':-9223372036854775808,'shares':18446744073709551615,'idle':0},"
					    "'blockIO':{'weight':65535,'leafWeight':0}") "}",
		  &c);
	assert_opt(c.linux_.resources.memory.limit, INT64_MAX);
	assert_opt(c.linux_.resources.memory.swap, 0);
	assert_opt(c.linux_.resources.cpu.quota, INT64_MIN);
	assert_opt(c.linux_.resources.cpu.shares, UINT64_MAX);
	assert_opt(c.linux_.resources.cpu.idle, 0);
	assert_opt(c.linux_.resources.block_io.weight, 65535);
	assert_opt(c.linux_.resources.block_io.leaf_weight, 0);
	oci_config_free(&c);
}

static void what_engines_write_is_read(void **state)
{
	struct oci_config c;

	(void)state;
	/* Docker's -1 in an unsigned field; a profile that is not there; st_mode as file mode. */
	config_ok("{" MINIMAL "," LINUX("'resources':{'memory':{'swappiness':18446744073709551615},'pids':{}},"
					"'seccomp':{'defaultAction':'','architectures':null},"
					"'devices':[{'type':'p','path':'/p'},{'type':'u','path':'/u','major':0,'minor':0,"
					"'fileMode':4294967295}],'uidMappings':[{'containerID':0,'hostID':0,"
					"'size':4294967295}]") "}",
		  &c);
	assert_false(c.linux_.resources.memory.swappiness.set);
	assert_false(c.linux_.resources.pids_limit.set);
	assert_false(c.linux_.seccomp.set);
	oci_config_free(&c);
}

static void a_process_alone_is_read_by_the_same_table(void **state)
{
	char *t = json("{'cwd':'/','args':['ls'],'user':{'uid':5,'gid':6},'rlimits':[{'type':'RLIMIT_CPU','soft':1,"
		       "'hard':1}],'capabilities':{}}");
	struct oci_process p;
	struct oci_error e = { "" };

	(void)state;
	if (oci_process_parse(t, strlen(t), &p, &e) < 0)
		fail_msg("%s", e.msg);
	assert_strings(&p.args, 1, "ls");
	assert_int_equal(p.user.uid, 5);
	assert_true(p.capabilities.set);
	assert_null(p.capabilities.bounding.v);
	oci_process_free(&p);
	oci_process_free(&p);
	free(t);
	t = json("{'cwd':'/','args':['ls'],'rlimits':[{'type':'RLIMIT_X'}]}");
	assert_int_equal(oci_process_parse(t, strlen(t), &p, &e), -1);
	assert_ptr_equal(strstr(e.msg, "rlimits[0].type: unknown limit"), e.msg);
	free(t);
}

static void resources_alone_are_read_by_the_same_table(void **state)
{
	char *t = json("{'memory':{'limit':1000},'cpu':{},'blockIO':{'weight':0},'pids':{'limit':0}}");
	struct oci_resources r;
	struct oci_error e = { "" };

	(void)state;
	if (oci_resources_parse(t, strlen(t), &r, &e) < 0)
		fail_msg("%s", e.msg);
	assert_opt(r.memory.limit, 1000);
	assert_false(r.memory.swap.set);
	assert_opt(r.block_io.weight, 0);
	assert_opt(r.pids_limit, 0);
	oci_resources_free(&r);
	oci_resources_free(&r);
	free(t);
	t = json("{'memory':{'limit':'1g'}}");
	assert_int_equal(oci_resources_parse(t, strlen(t), &r, &e), -1);
	assert_string_equal(e.msg, "memory.limit: expected a whole number from -1 to 9223372036854775807, found a string");
	free(t);
	t = json("{}");
	assert_int_equal(oci_resources_parse(t, strlen(t), &r, &e), 0);
	oci_resources_free(&r);
	free(t);
}

/* Cut anywhere, and with any one byte changed: an error or a document, never a crash or a leak (run under ASan). */
static void a_damaged_document_is_survived(void **state)
{
	char *t = json(everything);
	size_t len = strlen(t);
	struct oci_config c;
	struct oci_error e;

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_int_equal(oci_config_parse(t, n, &c, &e), -1);
	for (size_t n = 0; n < len; n++) {
		static const char with[] = "{}[]\",:0-\\nz";
		char was = t[n];

		for (size_t i = 0; with[i]; i++) {
			t[n] = with[i];
			if (oci_config_parse(t, len, &c, &e) == 0)
				oci_config_free(&c);
		}
		t[n] = was;
	}
	free(t);
}

/* The linker sends the library's calls here (oci.mk): the one after @allocations_left more returns NULL; -1: none. */
static long allocations_left = -1;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

static bool memory_is_gone(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return memory_is_gone() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return memory_is_gone() ? NULL : __real_calloc(n, size);
}

static void memory_that_is_gone_is_an_error_at_every_allocation(void **state)
{
	char *t = json(everything);
	struct oci_config c;
	struct oci_error e;
	long n;
	int r;

	(void)state;
	for (n = 0;; n++) {
		allocations_left = n;
		r = oci_config_parse(t, strlen(t), &c, &e);
		allocations_left = -1;
		if (r == 0)
			break;
		assert_non_null(strstr(e.msg, "out of memory"));
	}
	assert_true(n > 100);
	oci_config_free(&c);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_arrives_in_its_member),
		cmocka_unit_test(absent_fields_are_absent),
		cmocka_unit_test(null_and_empty_strings_are_absent),
		cmocka_unit_test(the_last_of_repeated_keys_wins),
		cmocka_unit_test(a_key_that_is_data_must_not_be_there_twice),
		cmocka_unit_test(keys_are_compared_whole_and_exactly),
		cmocka_unit_test(each_mistake_is_told_with_its_path),
		cmocka_unit_test(versions_of_1_x_are_read_and_no_others),
		cmocka_unit_test(broken_json_is_told_in_one_line_with_its_place),
		cmocka_unit_test(a_nul_byte_ends_nothing_early),
		cmocka_unit_test(a_million_levels_are_an_error_and_no_crash),
		cmocka_unit_test(a_deep_unknown_field_is_ignored),
		cmocka_unit_test(more_values_than_any_document_has_are_an_error),
		cmocka_unit_test(a_hundred_thousand_annotations_are_no_effort),
		cmocka_unit_test(the_edges_of_numbers_are_exact),
		cmocka_unit_test(what_engines_write_is_read),
		cmocka_unit_test(a_process_alone_is_read_by_the_same_table),
		cmocka_unit_test(resources_alone_are_read_by_the_same_table),
		cmocka_unit_test(a_damaged_document_is_survived),
		cmocka_unit_test(memory_that_is_gone_is_an_error_at_every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
