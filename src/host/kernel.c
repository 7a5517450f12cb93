/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's MPTCP settings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/kernel.h"

#define SYSCTLS "/proc/sys/net/"

static const struct selector {
	const char *file;
	const char *name;
	const char *userspace;
} selectors[] = {
	{ "mptcp/path_manager", "net.mptcp.path_manager", "userspace" },
	{ "mptcp/pm_type", "net.mptcp.pm_type", "1" },
};

static int sysctl_open(const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), SYSCTLS "%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int sysctl_read(const char *name, char *value, size_t len)
{
	int fd = sysctl_open(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;

	n = read(fd, value, len - 1);
	close(fd);
	if (n < 0)
		return -EIO;

	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static int sysctl_write(const char *name, const char *value)
{
	int fd = sysctl_open(name, O_WRONLY);
	ssize_t n;
	int err;

	if (fd < 0)
		return fd;

	n = write(fd, value, strlen(value));
	err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int check_enabled(char *reason, size_t len)
{
	char value[KERNEL_VALUE_MAX];
	int err = sysctl_read("mptcp/enabled", value, sizeof(value));

	if (err == -ENOENT)
		snprintf(reason, len, "this kernel has no MPTCP "
			 "(no net.mptcp.enabled)");
	else if (err < 0)
		snprintf(reason, len, "cannot read net.mptcp.enabled: %s",
			 strerror(-err));
	else if (strcmp(value, "0"))
		return 0;
	else
		snprintf(reason, len, "MPTCP is disabled here: "
			 "set net.mptcp.enabled=1");

	return err < 0 ? err : -EOPNOTSUPP;
}

static const struct selector *find_selector(char *value, size_t len)
{
	for (size_t i = 0; i < sizeof(selectors) / sizeof(*selectors); i++)
		if (!sysctl_read(selectors[i].file, value, len))
			return &selectors[i];

	return NULL;
}

int kernel_prepare(struct kernel *kernel, bool select, char *reason,
		   size_t len)
{
	const struct selector *selector;
	int err = check_enabled(reason, len);

	*kernel = (struct kernel) { 0 };
	if (err < 0)
		return err;

	selector = find_selector(kernel->before, sizeof(kernel->before));
	if (!selector) {
		snprintf(reason, len, "this kernel has no user-space path "
			 "manager (no net.mptcp.pm_type)");
		return -EOPNOTSUPP;
	}

	kernel->sysctl = selector->name;
	kernel->file = selector->file;
	kernel->userspace = selector->userspace;
	if (!strcmp(kernel->before, selector->userspace))
		return 0;

	if (!select) {
		snprintf(reason, len, "the kernel's own path manager is "
			 "selected: set %s=%s, or "
			 "[kernel] select-path-manager=yes",
			 selector->name, selector->userspace);
		return -EBUSY;
	}

	err = sysctl_write(selector->file, selector->userspace);
	if (err < 0)
		snprintf(reason, len, "cannot set %s=%s: %s",
			 selector->name, selector->userspace,
			 strerror(-err));

	kernel->selected = !err;
	return err;
}

static bool is_value(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return len && !text[len] && len < KERNEL_VALUE_MAX;
}

bool kernel_recall(struct kernel *kernel, const char *before)
{
	if (!is_value(before))
		return false;

	if (kernel->selected || strcmp(kernel->before, kernel->userspace))
		return true;

	strcpy(kernel->before, before);
	kernel->selected = strcmp(before, kernel->userspace);
	return true;
}

bool kernel_has_timestamps(void)
{
	char value[KERNEL_VALUE_MAX];

	return sysctl_read("ipv4/tcp_timestamps", value, sizeof(value)) < 0 ||
		strcmp(value, "0");
}

int kernel_restore(struct kernel *kernel)
{
	char value[KERNEL_VALUE_MAX];
	int err;

	if (!kernel->selected)
		return 0;

	kernel->selected = false;
	err = sysctl_read(kernel->file, value, sizeof(value));
	if (err < 0 || strcmp(value, kernel->userspace))
		return err;

	return sysctl_write(kernel->file, kernel->before);
}
