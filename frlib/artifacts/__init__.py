"""What stages leave behind: folders that are produced once, shared, and whole or absent.

    <store>/artifacts/<kind>/<digest>/artifact.json, and the files it names with checksums
    <store>/artifacts/<kind>/.<digest>.lease-<n>      who produces (or removes) it now
                             .<digest>.aside-<token>  what is being produced
                             .<digest>.hold-<token>   somebody who reads it
                             .<digest>.trash-<token>  on its way out

`store`: find, produce, hold. `pulse`: files that show that a process lives. `lease`: one producer
at a time over all machines that share the folder. `manifest`: `artifact.json`. `eviction`: room.
"""
