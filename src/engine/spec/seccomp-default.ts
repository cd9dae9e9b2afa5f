/** One condition on an argument of a system call (seccomp_rule_add(3)). */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** System calls that are allowed (or answered with an error) under a condition. */
export interface SeccompRule {
  readonly names: readonly string[];
  /** `SCMP_ACT_ALLOW` when left out. */
  readonly action?: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
  /** Only for containers with one of these capabilities. */
  readonly withAny?: readonly string[];
  /** Not for containers with one of these. */
  readonly without?: readonly string[];
  readonly architectures?: readonly string[];
  readonly withoutArchitectures?: readonly string[];
}

const words = (text: string) => text.split(/\s+/).filter(Boolean);
const [ENOSYS, AF_VSOCK] = [38, 40];
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NAMESPACE_FLAGS = 0x7e020000;
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

const FILES = `access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64 fallocate
  fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64
  fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1
  inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listmount listxattr listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat
  mknod mknodat name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv
  removexattr removexattrat rename renameat renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
  sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev`;
const WAITING = `epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents
  io_pgetevents io_pgetevents_time64 io_setup io_submit _newselect pause poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 timerfd_create
  timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64`;
const SOCKETS = `accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt
  shutdown socketcall socketpair`;
const MEMORY = `brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock
  munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages`;
const SHARING = `futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list ipc mq_getsetattr mq_notify mq_open mq_timedreceive
  mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 set_robust_list shmat shmctl
  shmdt shmget`;
const PROCESSES = `capget capset execve execveat exit exit_group fork getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid
  getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid get_thread_area gettid getuid getuid32 ioprio_get ioprio_set kill
  landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open pidfd_send_signal prctl prlimit64 process_mrelease restart_syscall riscv_hwprobe rseq
  rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr
  sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
  sched_setparam sched_setscheduler sched_yield seccomp setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setpgid setpriority setregid setregid32
  setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid set_thread_area set_tid_address setuid setuid32 sigaltstack sigprocmask sigreturn sysinfo
  tgkill tkill ugetrlimit uname uretprobe vfork wait4 waitid waitpid process_vm_readv process_vm_writev ptrace`;
const TIMES = `adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer
  gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 times`;

/** Which calls a default container may make, as Docker's engine documents them; every other one is answered with EPERM. */
export const DEFAULT_RULES: readonly SeccompRule[] = [
  { names: words([FILES, WAITING, SOCKETS, MEMORY, SHARING, PROCESSES, TIMES].join(' ')) },
  { names: ['socket'], args: [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }] },
  ...PERSONALITIES.map((value) => ({ names: ['personality'], args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] })),
  { names: ['arch_prctl', 'modify_ldt'], architectures: ['amd64', 'x32', 'x86'] },
  { names: words('arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls'), architectures: ['arm', 'arm64'] },
  { names: ['clone'], args: [{ index: 0, value: NAMESPACE_FLAGS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }], without: ['CAP_SYS_ADMIN'] },
  // Its flags are in memory, where a filter can't look: programs then take clone.
  { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS, without: ['CAP_SYS_ADMIN'] },
  {
    names: words(`bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree perf_event_open quotactl
      quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare`),
    withAny: ['CAP_SYS_ADMIN'],
  },
  { names: ['open_by_handle_at'], withAny: ['CAP_DAC_READ_SEARCH'] },
  { names: ['reboot'], withAny: ['CAP_SYS_BOOT'] },
  { names: ['chroot'], withAny: ['CAP_SYS_CHROOT'] },
  { names: ['delete_module', 'init_module', 'finit_module'], withAny: ['CAP_SYS_MODULE'] },
  { names: ['acct'], withAny: ['CAP_SYS_PACCT'] },
  { names: words('kcmp pidfd_getfd process_madvise'), withAny: ['CAP_SYS_PTRACE'] },
  { names: ['iopl', 'ioperm'], withAny: ['CAP_SYS_RAWIO'] },
  { names: words('settimeofday stime clock_settime clock_settime64'), withAny: ['CAP_SYS_TIME'] },
  { names: ['vhangup'], withAny: ['CAP_SYS_TTY_CONFIG'] },
  { names: words('get_mempolicy mbind set_mempolicy set_mempolicy_home_node'), withAny: ['CAP_SYS_NICE'] },
  { names: ['syslog'], withAny: ['CAP_SYSLOG'] },
  { names: ['bpf'], withAny: ['CAP_BPF'] },
  { names: ['perf_event_open'], withAny: ['CAP_PERFMON'] },
];
