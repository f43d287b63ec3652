"""The head in the page: characters are drawn by the visitor's browser, moved by what Python sends.

    from talkdemo.ui.viewer.component import head_viewer
    from talkdemo.ui.viewer.take import Take, write_sound

    viewer = head_viewer("td-head", chart="motion-chart")       # inside gr.Blocks

    take = Take(["maya"], frames=speech.frames, sound=write_sound(speech, job.folder))
    yield {viewer: take.value()}                                # at once: the character loads
    for (motion,) in pipeline.stream(request):
        yield {viewer: take.append(motion)}                     # window by window; the first one starts playing
    yield {viewer: take.finish()}                               # no more will come
    yield {viewer: take.finish(video=path)}                     # later, for browsers that cannot draw: the mp4

    Take.whole([("maya", motion)], sound=path).value()          # what is already there, in one value
    Take.whole([("maya", left), ("leo", right)], labels=["8 steps", "512 steps"])   # two heads: head_viewer(heads=2)
    None                                                        # the empty stage

A value is JSON. It grows with each `append`; gradio sends only what is new, about 4 kB a second of motion. Its field
"take" is a random name: another name is another take, the same name continues.

The element (`#td-head`) says what it does: `data-state` is empty, loading (also: waiting for motion), ready, playing or
paused; `data-time` the seconds shown; `data-heads` the heads drawn; `data-fault` is "webgl", "character" or "sound"
where one failed (a sentence stands on the stage). It contains an `<audio>` whose currentTime is the clock, so that
whatever follows a video by its media events (timeupdate, seeked …) can follow `#td-head audio`. It triggers "error"
with {"fault": …}: `viewer.error(handler, …)`.
"""
