#!/usr/bin/env python3
"""Writes the tables of a qcow2 backing chain into one small file, for cowscope to open on another machine.

It needs Python 3.6 or later and nothing else, opens images for reading only, and takes none of the guest's data. Names of
files, snapshots and bitmaps are replaced by tokens of the same length unless --show-paths is given. The form of the file is
docs/formats/capture.md of cowscope; cowscope itself writes the same bytes, but for the time.

  python3 cowscope-capture.py -o case.cowscope top.qcow2

Exit codes: 0 done, 1 could not be done, 3 done with parts missing, 64 wrong usage.
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import time
import zlib

TOOL = 'cowscope 0.1.0'  # the version that this script comes with
MAGIC = b'{"schema":"cowscope.capture","version":'

# Bounds of the form.
MAX_LAYERS = 200
MAX_FRAME_BYTES = 2 ** 18
MAX_FRAMES = 2 ** 22
MAX_CAPTURED_BYTES = 2 ** 34
MAX_STRETCHES = 2 ** 21
MAX_KEPT_ERRORS = 1024
RETRY_BYTES = 4096
# Bytes of tables that are followed beyond what the file occupies on its disk.
SLACK_BYTES = 2 ** 30
CODEC_PLAIN, CODEC_PLANES, CODEC_WIDE_PLANES, CODEC_ZEROS = 0, 1, 2, 3

# Bounds of the numbers in an image: qemu's own (block/qcow2.h).
MAX_OFFSET = 2 ** 53 - 1
MAX_DISK_SIZE = 2 ** 53 - 512
MAX_L1_BYTES = 2 ** 25
MAX_REFCOUNT_TABLE_BYTES = 2 ** 23
MAX_SNAPSHOT_TABLE_BYTES = 2 ** 26
MAX_SNAPSHOTS = 65536
MAX_SNAPSHOT_EXTRA = 1024
MAX_BITMAPS = 65535
MAX_BITMAP_DIRECTORY_BYTES = 1024 * 65535
MAX_BITMAP_BYTES = 2 ** 29
MAX_NAME = 1023
MAX_EXTENSIONS = 1024
# Snapshots and bitmaps of all layers together, and their bytes in the images: cowscope opens no chain with more.
MAX_CHAIN_ENTRIES = 2 ** 17
MAX_CHAIN_ENTRY_BYTES = 2 ** 27

OFFSET_MASK = 0x00fffffffffffe00
REFCOUNT_MASK = 0xfffffffffffffe00
ENTRIES_AT_ONCE = 4096

EXT_BACKING_FORMAT = 0xe2792aca
EXT_FEATURE_NAMES = 0x6803f857
EXT_BITMAPS = 0x23852875
EXT_ENCRYPTION = 0x0537be77
EXT_DATA_FILE = 0x44415441
DATA_FILE_BIT = 0x04
EXTENDED_L2_BIT = 0x10
KNOWN_INCOMPATIBLE = 0x1f

# Names that images record for raw files and devices.
RAW_NAMES = ('raw', 'file', 'host_device')


class CaptureError(Exception):
    """Something could not be done. `code` is one of docs/errors.md of cowscope."""

    def __init__(self, code, what, subject=''):
        super().__init__('%s: %s%s' % (code, what, ' (%s)' % subject if subject else ''))
        self.code = code


def u16(data, at):
    return struct.unpack_from('>H', data, at)[0]


def u32(data, at):
    return struct.unpack_from('>I', data, at)[0]


def u64(data, at):
    return struct.unpack_from('>Q', data, at)[0]


def until_nul(data):
    return data.split(b'\0', 1)[0]


def round_up(number, unit):
    return -(-number // unit) * unit


# ---------------------------------------------------------------------------------------------------- files


class Source:
    """A file or block device, open for reading."""

    def __init__(self, path):
        self.path = path  # absolute and normalized, as bytes
        try:
            before = os.stat(path)
            if not (stat.S_ISREG(before.st_mode) or stat.S_ISBLK(before.st_mode)):
                raise CaptureError('CHAIN_NOT_A_FILE', 'this is no image', shown(path))
            # What was looked at is opened: a FIFO would wait, a terminal would become ours.
            self.fd = os.open(os.path.realpath(path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise CaptureError('CHAIN_FILE_MISSING', 'the file does not exist', shown(path))
        except NotADirectoryError:
            raise CaptureError('CHAIN_FILE_MISSING', 'the file does not exist', shown(path))
        except OSError as error:
            raise CaptureError('CHAIN_FILE_UNREADABLE', 'it could not be opened: %s' % error.strerror, shown(path))
        now = os.fstat(self.fd)
        if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
            self.close()
            raise CaptureError('CHAIN_FILE_CHANGED', 'the file was replaced while it was being opened', shown(path))
        self.device = stat.S_ISBLK(now.st_mode)
        self.size = os.lseek(self.fd, 0, os.SEEK_END) if self.device else now.st_size
        if self.size > MAX_OFFSET:
            self.close()
            raise CaptureError('CHAIN_TOO_LARGE', 'the file is longer than 2^53 - 1 bytes', shown(path))
        self.allocated = -1 if self.device else now.st_blocks * 512
        self.modified = -1 if self.device or now.st_mtime_ns < 0 else now.st_mtime_ns // 1000000
        self.inode = (now.st_dev, now.st_ino)
        self.identity = ('device', now.st_rdev) if self.device else self.inode
        # The folders in which it was named and in which it lies: names that it records are opened there.
        self.named_folder = os.path.realpath(os.path.dirname(path))
        self.real_folder = os.path.dirname(os.path.realpath(path))

    def close(self):
        os.close(self.fd)

    def read(self, offset, length):
        """The bytes there, fewer where the file ends. Raises OSError."""
        wanted = max(0, min(length, self.size - offset))
        pieces = []
        while wanted > 0:
            piece = os.pread(self.fd, wanted, offset)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            wanted -= len(piece)
        return b''.join(pieces)

    def entries(self, offset, count):
        """The 64-bit entries of a table that the file holds, in parts; a part that cannot be read is passed over."""
        count = max(0, min(count, (self.size - offset) // 8))
        for first in range(0, count, ENTRIES_AT_ONCE):
            length = 8 * min(ENTRIES_AT_ONCE, count - first)
            try:
                data = self.read(offset + 8 * first, length)
            except OSError:
                continue
            if len(data) == length and data.count(0) != length:
                yield struct.unpack('>%dQ' % (length // 8), data)


def shown(path):
    """A path or name as text; bytes that are not UTF-8 become U+FFFD."""
    return path.decode('utf-8', 'replace')


def recognize(source):
    """The format of a file by its magic, by the names of qemu-img."""
    head = source.read(0, 0x8006)
    if head[:4] == b'QFI\xfb' and len(head) >= 8:
        return 'qcow' if u32(head, 4) == 1 else 'qcow2'
    for start, name in (
            (b'KDMV', 'vmdk'), (b'COWD', 'vmdk'), (b'# Disk DescriptorFile', 'vmdk'), (b'vhdxfile', 'vhdx'),
            (b'QED\0', 'qed'), (b'LUKS\xba\xbe', 'luks'), (b'WithoutFreeSpace', 'parallels'),
            (b'WithouFreSpacExt', 'parallels')):
        if head.startswith(start):
            return name
    if head[64:68] == b'\x7f\x10\xda\xbe':
        return 'vdi'
    for start, name in (
            (b'Bochs Virtual HD Image\0', 'bochs'), (b'#!/bin/sh\n#V2.0 Format\nmodprobe cloop ', 'cloop'),
            (b'conectix', 'vhd')):
        if head.startswith(start):
            return name
    tail = source.read(max(0, source.size - 512), 512)
    if tail.startswith(b'conectix'):
        return 'vhd'
    if tail.startswith(b'koly'):
        return 'dmg'
    return 'iso' if head[0x8001:0x8006] == b'CD001' else 'raw'


def files_written_to():
    """Devices and inodes of the files that a qemu has locked for writing: bytes 101 and 103 of block/file-posix.c."""
    found = set()
    try:
        with open('/proc/locks', encoding='latin-1') as locks:
            text = locks.read(2 ** 20)
    except OSError:
        return found
    pattern = r'\d+: OFDLCK +\S+ +\S+ +\S+ ([\da-f]+):([\da-f]+):(\d+) (\d+) (\d+|EOF)'
    for line in text.split('\n'):
        lock = re.fullmatch(pattern, line)
        if lock is None:
            continue
        major, minor, inode, start, end = lock.groups()
        if any(int(start) <= byte and (end == 'EOF' or byte <= int(end)) for byte in (101, 103)):
            found.add((os.makedev(int(major, 16), int(minor, 16)), int(inode)))
    return found


# ---------------------------------------------------------------------------------------------------- images


def table_fits(offset, entries, entry_size, most, cluster_size):
    """Whether a table can lie there: qcow2_validate_table of qemu."""
    length = entries * entry_size
    return offset + length <= MAX_OFFSET and length <= most and offset % cluster_size == 0


class Image:
    """A qcow2 image (version 1 to 3): where its tables lie and where names are in them."""

    def __init__(self, source):
        self.source = source
        head = source.read(0, 4096)
        if head[:4] != b'QFI\xfb' or len(head) < 8:
            raise CaptureError('QCOW2_NOT_QCOW2', 'the file does not begin with the qcow2 magic', shown(source.path))
        self.version = u32(head, 4)
        if self.version == 1:
            self.read_version_1(head)
        else:
            self.read_header(head)
        self.read_first_cluster()
        self.read_snapshots()
        self.read_bitmaps()

    def refuse(self, code, what):
        raise CaptureError(code, what, shown(self.source.path))

    def read_version_1(self, head):
        if len(head) < 48:
            self.refuse('QCOW1_HEADER', 'the file ends inside its header')
        cluster_bits, l2_bits = head[32], head[33]
        if not 9 <= cluster_bits <= 16 or not 6 <= l2_bits <= 13:
            self.refuse('QCOW1_HEADER', 'cluster_bits or l2_bits is out of range')
        self.cluster_size = 2 ** cluster_bits
        self.l2_bytes = 8 * 2 ** l2_bits
        self.size = min(u64(head, 24) // 512 * 512, MAX_DISK_SIZE)
        self.l1_offset = u64(head, 40)
        self.l1_entries = round_up(self.size, self.cluster_size * 2 ** l2_bits) // (self.cluster_size * 2 ** l2_bits)
        self.backing_offset = u64(head, 8)
        self.backing_length = 0 if self.backing_offset == 0 else u32(head, 16)
        if self.backing_length > MAX_NAME or self.backing_offset > MAX_OFFSET:
            self.backing_length = 0
        self.refcount_offset = self.refcount_clusters = self.snapshot_count = self.snapshots_offset = 0
        self.incompatible = 0
        self.header_length = self.extensions_offset = 48

    def read_header(self, head):
        if self.version not in (2, 3):
            self.refuse('QCOW2_VERSION', 'version %d is not known' % self.version)
        if len(head) < (72 if self.version == 2 else 104):
            self.refuse('QCOW2_HEADER_CUT', 'the file ends inside its header')
        cluster_bits = u32(head, 20)
        if not 9 <= cluster_bits <= 21:
            self.refuse('QCOW2_CLUSTER_BITS', 'cluster_bits is %d' % cluster_bits)
        self.cluster_size = self.l2_bytes = 2 ** cluster_bits
        self.incompatible = u64(head, 72) if self.version == 3 else 0
        if self.incompatible & EXTENDED_L2_BIT and cluster_bits < 14:
            self.refuse('QCOW2_SUBCLUSTER_SIZE', 'clusters are too small for extended L2')
        if self.incompatible & ~KNOWN_INCOMPATIBLE:
            self.refuse('QCOW2_FEATURES', 'the image needs features that are not known here')
        self.size = min(u64(head, 24) // 512 * 512, MAX_DISK_SIZE)
        self.header_length = u32(head, 100) if self.version == 3 else 72
        is_length_valid = 104 <= self.header_length <= self.cluster_size
        self.extensions_offset = 72 if self.version == 2 else self.header_length if is_length_valid else self.cluster_size
        self.backing_offset, self.backing_length = u64(head, 8), u32(head, 16)
        if self.backing_offset == 0 or self.backing_offset > self.cluster_size:
            self.backing_offset = self.backing_length = 0
        elif self.backing_length > min(MAX_NAME, self.cluster_size - self.backing_offset):
            self.backing_length = 0
        # A table with entries at offset 0 would lie where the header is.
        self.l1_offset, self.l1_entries = u64(head, 40), u32(head, 36)
        if self.l1_offset == 0 or not table_fits(self.l1_offset, 0, 8, MAX_L1_BYTES, self.cluster_size):
            self.l1_entries = 0
        self.refcount_offset, self.refcount_clusters = u64(head, 48), u32(head, 56)
        if self.refcount_offset == 0 or not table_fits(self.refcount_offset, self.refcount_clusters, self.cluster_size,
                                                       MAX_REFCOUNT_TABLE_BYTES, self.cluster_size):
            self.refcount_clusters = 0
        self.snapshots_offset, self.snapshot_count = u64(head, 64), u32(head, 60)
        if self.snapshots_offset == 0 or not table_fits(self.snapshots_offset, self.snapshot_count, 40,
                                                        MAX_SNAPSHOTS * 40, self.cluster_size):
            self.snapshot_count = 0

    def read_first_cluster(self):
        """Extensions and the backing name."""
        self.extensions = []  # type, offset and length of each
        self.backing_format, self.data_file, self.bitmap_directory = '', b'', None
        end = self.backing_offset if self.backing_offset != 0 else self.cluster_size
        name_end = self.backing_offset + self.backing_length
        data = self.source.read(0, max(4096, end, name_end))
        self.backing_name = until_nul(self.source.read(self.backing_offset, self.backing_length))
        at = self.extensions_offset
        while self.version > 1 and at < end and at + 8 <= len(data):
            kind, length = u32(data, at), u32(data, at + 4)
            if at + 8 > end or length > end - at - 8 or kind == 0 or len(self.extensions) == MAX_EXTENSIONS:
                break
            self.extensions.append((kind, at + 8, length))
            self.take_extension(kind, data[at + 8:at + 8 + length])
            at += 8 + round_up(length, 8)

    def take_extension(self, kind, data):
        if kind == EXT_BACKING_FORMAT and len(data) < 16:
            self.backing_format = shown(until_nul(data))
        elif kind == EXT_DATA_FILE:
            self.data_file = until_nul(data)
        elif kind == EXT_BITMAPS and len(data) == 24:
            count, reserved, length, offset = struct.unpack('>IIQQ', data)
            if (reserved == 0 and 1 <= count <= MAX_BITMAPS and offset <= MAX_OFFSET
                    and offset % self.cluster_size == 0 and length <= MAX_BITMAP_DIRECTORY_BYTES):
                self.bitmap_directory = (offset, length, count)

    def read_snapshots(self):
        self.snapshots = []  # offset, length, extra bytes, bytes of the id, L1 table, its entries
        at = self.snapshots_offset
        for _ in range(self.snapshot_count):
            at = round_up(at, 8)
            fixed = self.source.read(at, 40)
            if len(fixed) < 40 or u32(fixed, 36) > MAX_SNAPSHOT_EXTRA:
                return
            extra, id_length = u32(fixed, 36), u16(fixed, 12)
            length = 40 + extra + id_length + u16(fixed, 14)
            if at + length - self.snapshots_offset > MAX_SNAPSHOT_TABLE_BYTES or at + length > self.source.size:
                return
            self.snapshots.append((at, length, extra, id_length, u64(fixed, 0), u32(fixed, 8)))
            at += length

    def read_bitmaps(self):
        self.bitmaps = []  # offset and length of the entry; offset and entries of its table, None where it is invalid
        if self.bitmap_directory is None:
            return
        directory, length, count = self.bitmap_directory
        data = self.source.read(directory, length)
        at = 0
        while at + 24 <= len(data) and len(self.bitmaps) < count:
            entry_length = round_up(24 + u32(data, at + 20) + u16(data, at + 18), 8)
            if at + entry_length > len(data):
                return
            self.bitmaps.append((directory + at, entry_length, self.bitmap_table(data, at)))
            at += entry_length

    def bitmap_table(self, data, at):
        """Offset and entries of a bitmap's table; None where qemu refuses the directory entry."""
        offset, entries, flags, kind, bits, name_length, extra = struct.unpack_from('>QIIBBHI', data, at)
        is_valid = (
            kind == 1 and flags & ~3 == 0 and extra == 0 and 0 < name_length <= MAX_NAME and 9 <= bits <= 31
            and entries > 0 and offset > 0 and offset % self.cluster_size == 0
            and entries * self.cluster_size <= MAX_BITMAP_BYTES)
        if is_valid and flags & 1 == 0 and entries * self.cluster_size * 8 * 2 ** bits < self.size:
            is_valid = False
        return (offset, entries) if is_valid else None

    def is_wide(self):
        return self.incompatible & EXTENDED_L2_BIT != 0

    def tables(self):
        """Tables whose entries lead to others: offset, entries, where an entry leads (0 nowhere), bytes that lie there."""
        cluster_size = self.cluster_size

        def l2_table(entry):
            return entry & OFFSET_MASK

        def refcount_block(entry):
            return entry & REFCOUNT_MASK

        def bits(entry):
            offset = entry & OFFSET_MASK
            is_valid = entry & 0xff000000000001fe == 0 and (offset == 0 or entry & 1 == 0)
            return offset if is_valid else 0

        entries = self.refcount_clusters * cluster_size // 8
        yield self.refcount_offset, entries, refcount_block, cluster_size
        yield self.l1_offset, self.l1_entries, l2_table, self.l2_bytes
        for _, _, _, _, offset, entries in self.snapshots:
            if table_fits(offset, entries, 8, MAX_L1_BYTES, cluster_size):
                yield offset, entries, l2_table, self.l2_bytes
        for _, _, table in self.bitmaps:
            if table is not None:
                yield table[0], table[1], bits, cluster_size

    def stretches(self):
        """Where its tables lie: (start, end) in order, joined; and whether not all of them were followed."""
        found = [(0, self.cluster_size)]
        following = self.snapshots_offset
        for offset, length, _, _, _, _ in self.snapshots:
            found.append((offset, offset + length))
            following = offset + length
        if len(self.snapshots) < self.snapshot_count:
            # The numbers of the table's next entry tell why it cannot be read on.
            found.append((round_up(following, 8), round_up(following, 8) + 40))
        if self.bitmap_directory is not None:
            found.append((self.bitmap_directory[0], self.bitmap_directory[0] + self.bitmap_directory[1]))
        source = self.source
        left = (source.size if source.allocated < 0 else source.allocated) + SLACK_BYTES
        followed = set()
        for offset, entries, leads, span in self.tables():
            if (offset, entries) in followed:
                continue  # several snapshots may share a table
            followed.add((offset, entries))
            found.append((offset, offset + 8 * entries))
            left -= min(8 * entries, max(0, source.size - offset))
            if left < 0:
                return joined(found, source.size), True
            for part in source.entries(offset, entries):
                for entry in part:
                    to = leads(entry) if entry else 0
                    if to and (self.version == 1 or to % self.cluster_size == 0):
                        found.append((to, to + span))
                if len(found) > 2 * MAX_STRETCHES:
                    found = joined(found, source.size)
                    if len(found) > MAX_STRETCHES:
                        return found[:MAX_STRETCHES], True
        return joined(found, source.size), False


def joined(stretches, size):
    """Stretches in order, cut at the end of the file, those that touch or overlap as one."""
    result = []
    for start, end in sorted(stretches):
        end = min(end, size)
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


# ---------------------------------------------------------------------------------------------------- the chain


class Layer:
    """A file of the chain, how it is read, and what became of its links."""

    def __init__(self, source, image, format_name, format_source, content):
        self.source, self.image = source, image
        self.format, self.format_source, self.content = format_name, format_source, content
        self.backing = ('none', '')
        self.data_file = None


def open_layer(source, recorded=None, given=None):
    """A layer by the format that the layer above records ('' for none), or by that given, or by its content."""
    content = recognize(source)
    if given is not None:
        format_name, how = given, 'given'
    elif recorded:
        if recorded in RAW_NAMES:
            format_name, how = 'raw', 'recorded'
        elif recorded in ('qcow', 'qcow2'):
            format_name, how = recorded, 'recorded'
        else:
            raise CaptureError('CHAIN_FORMAT_UNSUPPORTED', 'the recorded format cannot be shown', shown(source.path))
    elif content in ('qcow', 'qcow2'):
        format_name, how = content, 'magic'
    elif content == 'raw' or recorded is not None:
        format_name, how = 'raw', 'assumed'
    elif content == 'iso':
        format_name, how = 'raw', 'magic'
    else:
        raise CaptureError('CHAIN_FORMAT_UNSUPPORTED', 'images of the format %s cannot be shown' % content,
                           shown(source.path))
    if format_name == 'raw':
        return Layer(source, None, 'raw', how, content)
    image = Image(source)
    format_name = 'qcow' if image.version == 1 else 'qcow2'
    return Layer(source, image, format_name, how, format_name)


# What becomes of a link whose file was reached and is no layer, by the code of the reason.
STATUS_OF_ERROR = {'CHAIN_FORMAT_UNSUPPORTED': 'refused', 'CHAIN_TOO_MANY_ENTRIES': 'cut'}


class Chain:
    """Finds the layers of a chain. Nothing that an image names is opened outside its folders without consent."""

    def __init__(self, options):
        self.allow_all = options.allow_all
        named = [os.path.abspath(os.fsencode(path)) for path in options.files + options.allow]
        self.allowed = set(named) | set(os.path.realpath(path) for path in named)
        self.given = options.format
        self.layers = []  # base first
        self.entries = self.entry_bytes = 0
        if len(options.files) == 1:
            self.follow(named[0])
        else:
            self.take(named[:len(options.files)])

    def count(self, layer):
        """Counts the snapshots and bitmaps of a layer; the layer, where they are not more than is left of the bounds."""
        if layer.image is None:
            return layer
        lengths = [entry[1] for entry in layer.image.snapshots + layer.image.bitmaps]
        if self.entries + len(lengths) > MAX_CHAIN_ENTRIES or self.entry_bytes + sum(lengths) > MAX_CHAIN_ENTRY_BYTES:
            raise CaptureError('CHAIN_TOO_MANY_ENTRIES', 'the layers down to this one have too many snapshots and bitmaps',
                               shown(layer.source.path))
        self.entries += len(lengths)
        self.entry_bytes += sum(lengths)
        return layer

    def follow(self, path):
        """From the top down, by the names that are recorded."""
        layer = self.count(open_layer(Source(path), given=self.given))
        seen = {layer.source.identity}
        self.layers = [layer]
        while layer.image is not None and layer.image.backing_name:
            if len(self.layers) == MAX_LAYERS:
                layer.backing = ('cut', 'CHAIN_TOO_DEEP')
                break
            status, code, source = self.link(layer, layer.image.backing_name)
            if source is not None and source.identity in seen:
                status, code, source = 'cut', 'CHAIN_LOOP', None
            if source is None:
                layer.backing = (status, code)
                break
            try:
                below = self.count(open_layer(source, recorded=layer.image.backing_format))
            except CaptureError as error:
                layer.backing = (STATUS_OF_ERROR.get(error.code, 'missing'), error.code)
                break
            layer.backing = ('opened', '')
            seen.add(source.identity)
            self.layers.insert(0, below)
            layer = below
        self.look_at_data_files()

    def take(self, paths):
        """The files in the order given, base first; a recorded format holds where the recorded link leads to the file."""
        if len(paths) > MAX_LAYERS:
            raise CaptureError('CHAIN_TOO_DEEP', 'more than %d files are named' % MAX_LAYERS)
        sources = [Source(path) for path in paths]
        if len(set(source.identity for source in sources)) < len(sources):
            raise CaptureError('CHAIN_FILE_TWICE', 'the same file is named twice')
        recorded, given = None, self.given
        for index in range(len(sources) - 1, -1, -1):
            layer = self.count(open_layer(sources[index], recorded=recorded, given=given))
            self.layers.insert(0, layer)
            recorded, given = None, None
            name = layer.image.backing_name if layer.image is not None else b''
            if index == 0:
                layer.backing = ('cut', 'CHAIN_ORDER_GIVEN') if name else ('none', '')
                break
            layer.backing = ('opened', '')
            if name:
                _, code, source = self.link(layer, name)
                is_same = source is not None and source.identity == sources[index - 1].identity
                if is_same or (code == 'CHAIN_FILE_MISSING' and layer.image.backing_format):
                    recorded = layer.image.backing_format
        self.look_at_data_files()

    def link(self, layer, name):
        """What becomes of a recorded name: status, code of the error, and the file where it was opened."""
        if name.startswith((b'file:', b'host_device:')):
            name = name.split(b':', 1)[1]
        elif name.startswith(b'json:'):
            return 'refused', 'CHAIN_BAD_NAME', None  # name the files one by one
        elif re.match(rb'[^/:]*:', name):
            return 'refused', 'CHAIN_PROTOCOL', None
        source = layer.source
        for folder in (source.named_folder, source.real_folder):
            path = os.path.normpath(os.path.join(folder, name))
            if os.path.lexists(path):
                break
        else:
            return 'missing', 'CHAIN_FILE_MISSING', None
        own = (source.named_folder, source.real_folder)
        real = os.path.realpath(path)
        is_own = os.path.dirname(path) in own and os.path.dirname(real) in own
        if not (self.allow_all or is_own or path in self.allowed):
            return 'needsConsent', 'CHAIN_CONSENT_NEEDED', None
        try:
            return 'opened', '', Source(path)
        except CaptureError as error:
            return 'missing', error.code, None

    def look_at_data_files(self):
        """Data files are not captured, only whether they exist."""
        for layer in self.layers:
            if layer.image is None or not layer.image.incompatible & DATA_FILE_BIT:
                continue
            status, code, source = self.link(layer, layer.image.data_file)
            if source is not None:
                is_allowed = self.allow_all or source.path in self.allowed
                source.close()
                if not is_allowed:
                    status, code = 'needsConsent', 'CHAIN_CONSENT_NEEDED'
            layer.data_file = (status, code)


# ---------------------------------------------------------------------------------------------------- redaction


class Tokens:
    """Tokens in place of names: of the same length, equal for equal names, numbered as names are met."""

    DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'

    def __init__(self):
        self.tokens = {}
        self.counts = {}

    def of(self, name):
        if name not in self.tokens:
            token = self.next(len(name))
            self.tokens[name] = self.next(len(name)) if token == name else token
        return self.tokens[name]

    def next(self, length):
        if length == 0:
            return b''
        count = self.counts.get(length, 0)
        self.counts[length] = count + 1
        digits = ''
        while count or not digits:
            count, digit = divmod(count, 36)
            digits = self.DIGITS[digit] + digits
        return ('n' + digits.rjust(length - 1, '0'))[-length:].encode()

    def of_path(self, name):
        for kind in (b'json:', b'file:', b'host_device:', b'nbd:'):
            if name.startswith(kind):
                break
        else:
            kind = b''
        rest = name[len(kind):]
        if kind == b'json:':
            return kind + self.of(rest)
        return kind + b'/'.join(part if part in (b'', b'.', b'..') else self.of(part) for part in rest.split(b'/'))


def masked(data):
    """x in place of every byte that is not zero."""
    return bytes(0x78 if byte else 0 for byte in data)


def name_patches(image, tokens):
    """Bytes in place of those with names, as (offset, bytes) in order of their offsets."""
    patches = [(0, first_cluster_patch(image, tokens))]
    for offset, length, extra, id_length, _, _ in image.snapshots:
        data = bytearray(image.source.read(offset, length))
        id_at = 40 + extra
        name_at = id_at + id_length
        known = min(id_at, 64)
        data[known:id_at] = masked(data[known:id_at])
        data[id_at:name_at] = tokens.of(bytes(data[id_at:name_at]))
        data[name_at:] = tokens.of(bytes(data[name_at:]))
        patches.append((offset, bytes(data)))
    if image.bitmap_directory is not None:
        directory, length, _ = image.bitmap_directory
        data = bytearray(image.source.read(directory, length))
        end = 0
        for offset, entry_length, _ in image.bitmaps:
            at = offset - directory
            name_at = at + 24 + u32(data, at + 20)
            name_end = name_at + u16(data, at + 18)
            end = at + entry_length
            data[at + 24:name_at] = masked(data[at + 24:name_at])
            data[name_at:name_end] = tokens.of(bytes(data[name_at:name_end]))
            data[name_end:end] = masked(data[name_end:end])
        data[end:] = masked(data[end:])
        patches.append((directory, bytes(data)))
    return sorted(patches, key=lambda patch: patch[0])


def first_cluster_patch(image, tokens):
    data = image.source.read(0, image.cluster_size)
    result = bytearray(masked(data))

    def put(offset, what):
        what = what[:max(0, len(result) - offset)]
        result[offset:offset + len(what)] = what

    def keep(offset, length):
        put(offset, data[offset:offset + length])

    keep(0, min(image.header_length, 112))
    end = image.extensions_offset
    for kind, offset, length in image.extensions:
        keep(offset - 8, 8)
        end = offset + round_up(length, 8)
        payload = data[offset:offset + length]
        if kind == EXT_DATA_FILE:
            put(offset, tokens.of_path(payload))
        elif kind not in (EXT_BACKING_FORMAT, EXT_FEATURE_NAMES, EXT_BITMAPS, EXT_ENCRYPTION):
            put(offset, tokens.of(payload))
        elif kind != EXT_BACKING_FORMAT or length < 16:
            keep(offset, length)
    keep(end, 8)
    if image.version == 1:
        keep(image.l1_offset, image.l1_entries * 8)
    if image.backing_length > 0:
        put(image.backing_offset,
            tokens.of_path(data[image.backing_offset:image.backing_offset + image.backing_length]))
    return bytes(result)


# ---------------------------------------------------------------------------------------------------- the capture


def encode_planes(data, stride):
    """Kinds of words, differences of the others in planes of bytes, and the rest, deflated by runs alone."""
    count = len(data) // 8
    words = struct.unpack_from('>%dQ' % count, data)
    kinds = bytes(word if word < 2 else 2 for word in words)
    before = [0, 0]
    others = []
    for index, word in enumerate(words):
        if word < 2:
            continue
        turn = index % stride
        difference = (word - before[turn]) & 0xffffffffffffffff
        before[turn] = word
        # The sign goes into the lowest bit.
        others.append((difference << 1) & 0xffffffffffffffff if difference < 2 ** 63
                      else ~(difference << 1) & 0xffffffffffffffff)
    packed = struct.pack('>%dQ' % len(others), *others)
    planes = b''.join(packed[plane::8] for plane in range(8))
    coder = zlib.compressobj(6, zlib.DEFLATED, -15, 8, 3)  # strategy 3 is Z_RLE
    return coder.compress(kinds + planes + data[8 * count:]) + coder.flush()


class Writer:
    """Writes a capture: its first line, frames in order, its end."""

    def __init__(self, put):
        self.put_bytes = put
        self.digest = hashlib.sha256()
        self.frames = 0

    def put(self, data):
        self.digest.update(data)
        self.put_bytes(data)

    def line(self, record):
        self.put(as_json(record) + b'\n')

    def frame(self, layer, offset, length, codec, stored):
        """False where no more frames may be written."""
        if self.frames == MAX_FRAMES:
            return False
        self.frames += 1
        header = struct.pack('>BBHIQQ', 0x46, codec, layer, len(stored), offset, length)
        self.put(header + struct.pack('>I', zlib.crc32(stored, zlib.crc32(header))))
        self.put(stored)
        return True

    def end(self, results):
        record = as_json({'frames': self.frames, 'layers': results})
        self.put(struct.pack('>BBHI', 0x45, 0, 0, len(record)) + record)
        self.put_bytes(self.digest.digest())


def as_json(record):
    return json.dumps(record, ensure_ascii=False, separators=(',', ':')).encode('utf-8', 'replace')


class LayerCapture:
    """The capture of one layer with tables."""

    def __init__(self, number, image, patches, writer, progress):
        self.number, self.image, self.patches = number, image, patches
        self.writer, self.progress = writer, progress
        self.captured = self.left = self.unread_bytes = self.first_patch = 0
        self.unread = []
        self.zeros = (0, 0)

    def write(self):
        before = roots_digest(self.image)
        stretches, is_cut = self.image.stretches()
        self.left = 1 if is_cut else 0
        for start, end in stretches:
            for at in range(start, end, MAX_FRAME_BYTES):
                self.piece(at, min(MAX_FRAME_BYTES, end - at))
        self.write_zeros()
        return {
            'captured': self.captured,
            'unchanged': before is not None and before == roots_digest(self.image),
            'left': self.left,
            'unread': self.unread,
            'unreadBytes': self.unread_bytes,
        }

    def piece(self, offset, length):
        if self.captured >= MAX_CAPTURED_BYTES:
            self.left += length
            return
        try:
            data = self.image.source.read(offset, length)
        except OSError:
            if length > RETRY_BYTES:
                for at in range(0, length, RETRY_BYTES):
                    self.piece(offset + at, min(RETRY_BYTES, length - at))
                return
            self.unread_bytes += length
            if self.unread and sum(self.unread[-1]) == offset:
                self.unread[-1][1] += length
            elif len(self.unread) < MAX_KEPT_ERRORS:
                self.unread.append([offset, length])
            return
        self.take(offset, self.patched(offset, data.ljust(length, b'\0')))

    def take(self, offset, data):
        self.captured += len(data)
        self.progress(self.number, self.captured)
        if data.count(0) == len(data):
            if self.zeros[1] != offset:
                self.write_zeros()
                self.zeros = (offset, offset)
            self.zeros = (self.zeros[0], offset + len(data))
            return
        self.write_zeros()
        is_wide = self.image.is_wide()
        coded = encode_planes(data, 2 if is_wide else 1)
        if len(coded) < len(data):
            self.put(offset, len(data), CODEC_WIDE_PLANES if is_wide else CODEC_PLANES, coded)
        else:
            self.put(offset, len(data), CODEC_PLAIN, data)

    def write_zeros(self):
        start, end = self.zeros
        self.zeros = (end, end)
        if end > start:
            self.put(start, end - start, CODEC_ZEROS, b'')

    def put(self, offset, length, codec, stored):
        if not self.writer.frame(self.number, offset, length, codec, stored):
            self.captured -= length
            self.left += length

    def patched(self, offset, data):
        """Pieces come in ascending order: patches that end before one are not looked at again."""
        patches = self.patches
        while self.first_patch < len(patches) and end_of(patches[self.first_patch]) <= offset:
            self.first_patch += 1
        result, at = None, self.first_patch
        while at < len(patches) and patches[at][0] < offset + len(data):
            place, patch = patches[at]
            start, end = max(offset, place), min(offset + len(data), place + len(patch))
            if start < end:
                result = bytearray(data) if result is None else result
                result[start - offset:end - offset] = patch[start - place:end - place]
            at += 1
        return data if result is None else bytes(result)


def end_of(patch):
    return patch[0] + len(patch[1])


def roots_digest(image):
    """A digest of the first cluster and the active L1 table as they are now; None where they cannot be read."""
    digest = hashlib.sha256()
    for start, length in ((0, image.cluster_size), (image.l1_offset, 8 * image.l1_entries)):
        end = min(image.source.size, start + length)
        try:
            for at in range(start, end, MAX_FRAME_BYTES):
                wanted = min(MAX_FRAME_BYTES, end - at)
                digest.update(image.source.read(at, wanted).ljust(wanted, b'\0'))
        except OSError:
            return None
    return digest.digest()


def qemu_version():
    """The first line that qemu-img says of its version; empty where there is none."""
    try:
        done = subprocess.run(['qemu-img', '--version'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ''
    text = done.stdout.decode('utf-8', 'replace')
    line = text.split('\n', 1)[0].strip()
    is_version = re.search(r'\s(?:version\s)?(\d{1,4})\.(\d{1,4})(?:[.\s]|$)', line) and re.search('qemu', text, re.I)
    return line if is_version else ''


def describe(layer, tokens, written):
    source = layer.source
    name = os.path.basename(source.path)
    record = {
        'name': shown(name) if tokens is None else shown(tokens.of_path(shown(name).encode('utf-8'))),
        'path': shown(source.path) if tokens is None else '',
        'format': layer.format,
        'formatSource': layer.format_source,
        'content': layer.content,
        'fileSize': source.size,
        'allocated': source.allocated,
        'modified': source.modified,
        'device': source.device,
        'inUse': source.inode in written,
        'backing': {'status': layer.backing[0], 'code': layer.backing[1]},
    }
    if layer.data_file is not None:
        record['dataFile'] = {'status': layer.data_file[0], 'code': layer.data_file[1]}
    return record


def capture(chain, show_paths, put, progress):
    """Writes a capture of the chain; the results of its layers."""
    now = datetime.datetime.now(datetime.timezone.utc)
    tokens = None if show_paths else Tokens()
    written = files_written_to()
    writer = Writer(put)
    writer.line({
        'schema': 'cowscope.capture',
        'version': 1,
        'created': now.strftime('%Y-%m-%dT%H:%M:%S.') + '%03dZ' % (now.microsecond // 1000),
        'tool': TOOL,
        'qemu': qemu_version(),
        'redacted': not show_paths,
        'layers': [describe(layer, tokens, written) for layer in chain.layers],
    })
    results = []
    for number, layer in enumerate(chain.layers):
        if layer.image is None:
            results.append({'captured': 0, 'unchanged': True, 'left': 0, 'unread': [], 'unreadBytes': 0})
            continue
        patches = [] if tokens is None else name_patches(layer.image, tokens)
        results.append(LayerCapture(number, layer.image, patches, writer, progress).write())
    writer.end(results)
    return results


# ---------------------------------------------------------------------------------------------------- the command


DRAFT_NAME = re.compile(rb'\.cowscope-([0-9a-f]{16})-([1-9][0-9]{0,9})-([0-9]{1,20})-[0-9a-f]{16}\.part')


def run_of_system():
    """Names this run of the system and its space of process numbers; None where the system does not tell."""
    try:
        with open('/proc/sys/kernel/random/boot_id') as file:
            boot = file.read().strip()
        return hashlib.sha256(('%s %s' % (boot, os.readlink('/proc/self/ns/pid'))).encode()).hexdigest()[:16].encode()
    except OSError:
        return None


def started(pid):
    """When a process started, in clock ticks: field 22 of proc(5) stat. None where there is no such process."""
    try:
        with open('/proc/%s/stat' % pid, 'rb') as file:
            return file.read().rpartition(b') ')[2].split(b' ')[19]
    except (OSError, IndexError):
        return None


def draft_name():
    """A name for a new draft that tells whose it is, as cowscope gives it: either removes those of the other."""
    place, start = run_of_system(), started('self')
    owner = b'' if place is None or start is None else b'%s-%d-%s-' % (place, os.getpid(), start)
    return b'.cowscope-%s%s.part' % (owner, os.urandom(8).hex().encode())


def remove_stale_drafts(folder):
    """Removes drafts of this user whose processes were killed. Those of other systems and containers are left alone."""
    place = run_of_system()
    try:
        names = [] if place is None else os.listdir(folder)
    except OSError:
        return
    for name in names:
        draft = DRAFT_NAME.fullmatch(name)
        if draft is None or draft.group(1) != place or started(draft.group(2).decode()) == draft.group(3):
            continue
        path = os.path.join(folder, name)
        try:
            there = os.lstat(path)
            if stat.S_ISREG(there.st_mode) and there.st_uid == os.getuid():
                os.unlink(path)
        except OSError:
            pass


class Output:
    """A new file that is whole or not there: written beside its place and put there at the end."""

    def __init__(self, path, force, images):
        self.path = path
        self.images = images
        self.force = force
        self.check()
        folder = os.path.dirname(path)
        remove_stale_drafts(folder)
        self.draft = os.path.join(folder, draft_name())
        self.file = os.fdopen(os.open(self.draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o666), 'wb')

    def check(self):
        """Nothing but an older capture is ever replaced."""
        try:
            there = os.lstat(self.path)
        except FileNotFoundError:
            return
        if not stat.S_ISREG(there.st_mode):
            raise CaptureError('OUTPUT_NOT_A_FILE', 'the output would go to what is no regular file', shown(self.path))
        if (there.st_dev, there.st_ino) in self.images:
            raise CaptureError('OUTPUT_IS_IMAGE', 'the output would replace an image', shown(self.path))
        with open(self.path, 'rb') as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise CaptureError('OUTPUT_EXISTS', 'there is a file of that name, which is no capture',
                                   shown(self.path))
        if not self.force:
            raise CaptureError('OUTPUT_EXISTS', 'there is a capture of that name: add --force', shown(self.path))

    def finish(self):
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self.check()
        if not os.path.lexists(self.path):
            # The name is claimed by an empty file: a rename would replace one that came there meanwhile.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        os.rename(self.draft, self.path)

    def discard(self):
        self.file.close()
        try:
            os.unlink(self.draft)
        except OSError:
            pass


class Progress:
    """One line on a terminal, from two seconds on."""

    def __init__(self, layers):
        self.layers = layers
        self.last = time.monotonic() + 1.75
        self.is_shown = False

    def show(self, number, done):
        now = time.monotonic()
        if now - self.last < 0.25 or not sys.stderr.isatty():
            return
        self.last, self.is_shown = now, True
        sys.stderr.write('\r\x1b[Kreading layer %d of %d: %.1f MiB' % (number + 1, self.layers, done / 2 ** 20))
        sys.stderr.flush()

    def clear(self):
        if self.is_shown:
            sys.stderr.write('\r\x1b[K')


def parse_options(words):
    class Parser(argparse.ArgumentParser):
        def error(self, message):
            sys.stderr.write('cowscope-capture.py: USAGE: %s\n' % message)
            sys.exit(64)

    parser = Parser(description=__doc__.split('\n')[0], epilog=__doc__.split('\n\n')[-1])
    parser.add_argument('files', nargs='+', metavar='IMAGE', help='the top of a chain, or its files, base first')
    parser.add_argument('-o', '--to', metavar='FILE', required=True, help='write to this new file; - is standard output')
    parser.add_argument('--force', action='store_true', help='replace a capture that is there')
    parser.add_argument('--show-paths', action='store_true', help='leave the names of files, snapshots and bitmaps in')
    parser.add_argument('--format', choices=['raw', 'qcow2'], help='format of the top file, instead of recognizing it')
    parser.add_argument('--allow', metavar='PATH', action='append', default=[],
                        help='open this file though it lies elsewhere than the image; repeatable')
    parser.add_argument('--allow-all', action='store_true', help='open every file that the images name')
    return parser.parse_args(words)


def summary(chain, results, show_paths):
    """What was taken and what was not, a line each; and whether something is missing."""
    names = 'with the names of files, snapshots and bitmaps' if show_paths else 'names redacted'
    lines = ['%d layers, %s' % (len(results), names) if len(results) != 1 else '1 layer, %s' % names]
    is_partial = chain.layers[0].backing[0] != 'none'
    for number, (layer, result) in enumerate(zip(chain.layers, results)):
        name = shown(os.path.basename(layer.source.path))
        if layer.image is None:
            lines.append('layer %d %s: a raw file has no tables; nothing but its length is captured' % (number, name))
        else:
            lines.append('layer %d %s: %d bytes of tables' % (number, name, result['captured']))
        if result['unreadBytes']:
            lines.append('layer %d: %d bytes of its tables could not be read' % (number, result['unreadBytes']))
        if result['left']:
            lines.append('layer %d: it names more tables than are captured; the rest was left out' % number)
        if not result['unchanged']:
            lines.append('layer %d: it was changed meanwhile: capture it again while nothing writes to it' % number)
        is_partial = is_partial or result['unreadBytes'] > 0 or result['left'] > 0 or not result['unchanged']
    lines.append('not captured: data of the guest, compressed data, VM state, keys; a table that was overwritten is '
                 'captured as it is, with what lies in it')
    if chain.layers[0].backing[0] != 'none':
        lines.append('not captured: what lies below a backing file that could not be opened (%s)'
                     % chain.layers[0].backing[1])
    return lines, is_partial


def printable(text):
    return ''.join(c if c.isprintable() else '\\u{%x}' % ord(c) for c in text)


def main(words):
    options = parse_options(words)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, frame: sys.exit(128 + got))
    output = None
    progress = None
    try:
        chain = Chain(options)
        progress = Progress(len(chain.layers))
        if options.to == '-':
            if sys.stdout.isatty():
                sys.stderr.write('cowscope-capture.py: USAGE: a capture is no text, and standard output is a terminal\n')
                return 64
            put = sys.stdout.buffer.write
        else:
            images = set(layer.source.inode for layer in chain.layers)
            output = Output(os.path.abspath(os.fsencode(options.to)), options.force, images)
            put = output.file.write
        results = capture(chain, options.show_paths, put, progress.show)
        if output is None:
            sys.stdout.buffer.flush()
        else:
            output.finish()
            output = None
        progress.clear()
        lines, is_partial = summary(chain, results, options.show_paths)
        for line in lines:
            sys.stderr.write(printable(line) + '\n')
        return 3 if is_partial else 0
    except CaptureError as error:
        sys.stderr.write('cowscope-capture.py: %s\n' % printable(str(error)))
        return 1
    except OSError as error:
        code = 'DISK_FULL' if error.errno == 28 else 'SYSTEM_ERROR'
        sys.stderr.write('cowscope-capture.py: %s: %s\n' % (code, printable(str(error))))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if progress is not None:
            progress.clear()
        if output is not None:
            output.discard()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
