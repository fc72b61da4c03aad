/* SPDX-License-Identifier: MIT */
/*
 * cli/doctor_look.c - what files and calls tell of the machine, without trying a link.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/control_dir.h"
#include "cli/doctor.h"

struct finding *doctor_found(struct findings *f, const char *check, enum verdict verdict,
			     const char *links, const char *format, ...)
{
	struct finding *x = &f->list[f->count < FINDINGS - 1 ? f->count++ : FINDINGS - 1];
	va_list args;

	*x = (struct finding){.check = check, .verdict = verdict, .links = links};
	va_start(args, format);
	vsnprintf(x->says, sizeof(x->says), format, args);
	va_end(args);
	return x;
}

static void cure(struct finding *x, const char *command)
{
	snprintf(x->cure, sizeof(x->cure), "%s", command);
}

/* The first line of a small file; false: it is not there. */
static bool read_line(const char *path, char *out, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return true;
}

static bool in_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

/* ------------------------------------------------------------------ devices */

static const char CONTAINER[] = "start the container with --device /dev/net/tun --cap-add "
				"NET_ADMIN";

static void cannot_open_tun(struct findings *f, int error)
{
	struct finding *x;

	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		x = doctor_found(f, "/dev/net/tun", VERDICT_NO, "tun, tap", "there is none: %s",
				 error == ENOENT ? "no device file" : "no driver");
		cure(x, in_container() ? CONTAINER : "sudo modprobe tun");
		return;
	case EACCES:
		x = doctor_found(f, "/dev/net/tun", VERDICT_NO, "tun, tap",
				 "it is there, and user %lu may not open it",
				 (unsigned long)geteuid());
		cure(x, "sudo chmod 0666 /dev/net/tun; to last: echo 'KERNEL==\"tun\", "
			"MODE=\"0666\"' | sudo tee /etc/udev/rules.d/80-tun.rules");
		return;
	case EPERM:
		x = doctor_found(f, "/dev/net/tun", VERDICT_NO, "tun, tap",
				 "the container's list of devices forbids it");
		cure(x, CONTAINER);
		return;
	default: doctor_found(f, "/dev/net/tun", VERDICT_NO, "tun, tap", "%s", strerror(error));
	}
}

static void look_at_tun(struct findings *f)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	unsigned features = 0;

	if (fd < 0) {
		cannot_open_tun(f, errno);
		return;
	}
	doctor_found(f, "/dev/net/tun", VERDICT_OK, "tun, tap", "can be opened");
	if (ioctl(fd, TUNGETFEATURES, &features) < 0)
		features = 0;
	close(fd);
	if (!(features & IFF_VNET_HDR))
		doctor_found(f, "virtio_net_hdr", VERDICT_MAYBE, "tun, tap",
			     "this kernel's TUN has none: it works, and every packet by itself");
	else if (!(features & IFF_TAP))
		doctor_found(f, "virtio_net_hdr", VERDICT_MAYBE, "tap", "there is no TAP");
	else
		doctor_found(f, "virtio_net_hdr", VERDICT_OK, "tun, tap",
			     "the device can take checksums and cutting off us (--offload on)");
}

/* ------------------------------------------------------------------ privileges */

static bool capabilities(uint64_t *effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	return true;
}

static bool has_capability(unsigned which)
{
	uint64_t effective = 0;

	return capabilities(&effective) && effective >> which & 1;
}

bool doctor_is_admin(void) { return has_capability(CAP_NET_ADMIN); }

static void look_at_capabilities(struct findings *f)
{
	bool admin = has_capability(CAP_NET_ADMIN), raw = has_capability(CAP_NET_RAW);
	struct finding *x;

	if (admin && raw) {
		doctor_found(f, "capabilities", VERDICT_OK, NULL,
			     "CAP_NET_ADMIN and CAP_NET_RAW: links of every kind, where you are");
		return;
	}
	x = doctor_found(f, "capabilities", VERDICT_MAYBE, NULL,
			 "%s: %s only in a namespace of your own (below), or on a device made "
			 "for you",
			 admin ? "no CAP_NET_RAW"
			       : (raw ? "no CAP_NET_ADMIN" : "no CAP_NET_ADMIN, no CAP_NET_RAW"),
			 admin ? "packet:" : "links");
	cure(x, admin ? "sudo aksu ..."
		      : "sudo aksu ...; or sudo ip tuntap add ak0 mode tun user $USER");
}

/* ------------------------------------------------------------------ not used yet */

static void look_at_xdp(struct findings *f)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	doctor_found(f, "AF_XDP", VERDICT_INFO, NULL, "%s; aksu does not use it yet",
		     fd >= 0                 ? "present"
		     : errno == EAFNOSUPPORT ? "this kernel has none"
		     : errno == EPERM        ? "present, for root only"
					     : strerror(errno));
}

static void look_at_io_uring(struct findings *f)
{
	/* No entries and no parameters: refused at once where it exists. */
	long done = syscall(SYS_io_uring_setup, 0, NULL);
	int error = done < 0 ? errno : 0;

	if (done >= 0)
		close((int)done);
	doctor_found(f, "io_uring", VERDICT_INFO, NULL, "%s; aksu does not use it yet",
		     error == ENOSYS  ? "this kernel has none"
		     : error == EPERM ? "forbidden here (kernel.io_uring_disabled, or a container)"
				      : "present");
}

/* ------------------------------------------------------------------ the system */

static void look_at_ipv6(struct findings *f)
{
	char all[16];
	struct finding *x;

	if (!read_line("/proc/sys/net/ipv6/conf/all/disable_ipv6", all, sizeof(all))) {
		doctor_found(f, "IPv6", VERDICT_MAYBE, NULL,
			     "the kernel has none; --addr and --host take IPv4, and aksu itself "
			     "speaks both on packet:");
	} else if (strcmp(all, "0") != 0) {
		x = doctor_found(f, "IPv6", VERDICT_MAYBE, NULL,
				 "turned off in the kernel: --host turns it on for its own device "
				 "where it may");
		cure(x, "sudo sysctl net.ipv6.conf.all.disable_ipv6=0");
	} else {
		doctor_found(f, "IPv6", VERDICT_OK, NULL, "the kernel has it, turned on");
	}
}

static void look_at_descriptors(struct findings *f)
{
	enum { NEEDED = 32 }; /* standard ones, loop, signals, four links, captures, control */
	struct rlimit limit;
	struct finding *x;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		doctor_found(f, "descriptors", VERDICT_MAYBE, NULL, "%s", strerror(errno));
	} else if (limit.rlim_cur < NEEDED) {
		x = doctor_found(f, "descriptors", VERDICT_NO, NULL,
				 "%llu for a program, and aksu needs up to %d",
				 (unsigned long long)limit.rlim_cur, NEEDED);
		cure(x, "ulimit -n 1024");
	} else {
		doctor_found(f, "descriptors", VERDICT_OK, NULL,
			     "%llu for a program; connections of aksu need none",
			     (unsigned long long)limit.rlim_cur);
	}
}

/* The smaller of what the machine has left and what the control group leaves us; 0: unknown. */
static uint64_t memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0, group;
	char line[128], text[32];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	if (read_line("/sys/fs/cgroup/memory.max", text, sizeof(text)) &&
	    sscanf(text, "%llu", &group) == 1 && group / 1024 < kib)
		kib = group / 1024;
	return kib * 1024;
}

static void look_at_memory(struct findings *f)
{
	const uint64_t wanted = 64 << 20; /* the default of --budget */
	uint64_t have = memory_available();
	struct finding *x;

	if (have == 0) {
		doctor_found(
			f, "memory", VERDICT_OK, NULL,
			"nobody tells how much is left; a stack takes 64 MiB at most (--budget)");
		return;
	}
	if (have >= 2 * wanted) {
		doctor_found(f, "memory", VERDICT_OK, NULL,
			     "%llu MiB; a stack takes 64 at most (--budget)",
			     (unsigned long long)(have >> 20));
		return;
	}
	x = doctor_found(f, "memory", VERDICT_MAYBE, NULL,
			 "%llu MiB are left; a stack takes 64 if it must",
			 (unsigned long long)(have >> 20));
	cure(x, "aksu ... --budget 16");
}

static void look_at_random(struct findings *f)
{
	uint8_t octets[32];

	if (getrandom(octets, sizeof(octets), GRND_NONBLOCK) == (ssize_t)sizeof(octets))
		doctor_found(f, "random", VERDICT_OK, NULL, "the kernel gives keys (getrandom)");
	else
		doctor_found(f, "random", errno == EAGAIN ? VERDICT_MAYBE : VERDICT_NO, NULL, "%s",
			     errno == EAGAIN ? "not ready: the machine has just started, and aksu "
					       "would wait"
					     : strerror(errno));
}

static void look_at_clock(struct findings *f)
{
	static const char path[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char name[48];

	if (!read_line(path, name, sizeof(name)))
		doctor_found(f, "clock", VERDICT_OK, NULL, "its source is not told");
	else if (strcmp(name, "hpet") == 0 || strcmp(name, "acpi_pm") == 0 ||
		 strcmp(name, "jiffies") == 0)
		doctor_found(f, "clock", VERDICT_MAYBE, NULL,
			     "%s: slow to read; it works, and costs time in every turn", name);
	else
		doctor_found(f, "clock", VERDICT_OK, NULL, "%s", name);
}

static void look_at_control(struct findings *f)
{
	char path[CONTROL_PATH];
	struct aksu_reason why;

	if (control_dir_would(path, &why))
		doctor_found(f, "control socket", VERDICT_OK, NULL, "in %s, for aksu ss", path);
	else
		cure(doctor_found(f, "control socket", VERDICT_MAYBE, NULL,
				  "aksu ss will find nothing: %s", why.text),
		     "export AKSU_RUNTIME_DIR=DIRECTORY (of your own, mode 0700)");
}

void doctor_look(struct findings *f)
{
	look_at_tun(f);
	look_at_capabilities(f);
	look_at_xdp(f);
	look_at_io_uring(f);
	look_at_ipv6(f);
	look_at_descriptors(f);
	look_at_memory(f);
	look_at_random(f);
	look_at_clock(f);
	look_at_control(f);
}
