# What scripts/try-windows has a real Windows do, over its restarts: each answer goes to the first serial port, one line for
# each scenario, and at the end the machine switches itself off. docs/windows.md says how far that was tried.
#Requires -RunAsAdministrator
$ErrorActionPreference = 'Stop'
$folder = 'C:\landfall-try'
$landfall = "$folder\landfall.exe"
$task = 'landfall-try'
$up = 'up', '--cluster', '@CLUSTER@', '--region', '@REGION@', '--activation-file', "$folder\activation.json"

# The firmware and the boot manager write to this port too, and not always whole lines.
function Say($line) {
    $port = New-Object System.IO.Ports.SerialPort 'COM1', 115200
    $port.Open()
    $port.WriteLine("`r`nlandfall-try: $line")
    $port.Close()
}

# What Landfall said and how it ended. What a program writes to its standard error is no error of this script's.
function Run-Landfall($arguments) {
    $ErrorActionPreference = 'Continue'
    $said = (& $landfall @arguments 2>&1 | ForEach-Object { "$_" }) -join "`n"
    return @{ Said = $said; Ended = $LASTEXITCODE }
}

# Runs Landfall, and tells whether it ended so and said so.
function Try-Landfall($scenario, $arguments, $status, $words) {
    $run = Run-Landfall $arguments
    if (($run.Ended -eq $status) -and $run.Said.Contains($words)) {
        Say "passed $scenario"
        return
    }
    Say "FAILED $scenario"
    Say "  ended with $($run.Ended)"
    $run.Said -split "`n" | ForEach-Object { Say "  $_" }
}

# Landfall's own service tries for half an hour.
function Wait-Status() {
    for ($try = 0; $try -lt 240; $try++) {
        if ((Run-Landfall @('status')).Ended -eq 0) { return }
        Start-Sleep -Seconds 10
    }
}

# The next stage comes with the next start of Windows.
function Restart-For($stage) {
    Set-Content -Path "$folder\stage.txt" -Value $stage
    Restart-Computer -Force
    exit
}

try {
    if (-not (Test-Path $folder)) {
        New-Item -ItemType Directory -Path $folder | Out-Null
        foreach ($name in 'landfall.exe', 'activation.json', 'scenarios.ps1') {
            Copy-Item -Path "$PSScriptRoot\$name" -Destination $folder
        }
        $line = "-NoProfile -ExecutionPolicy Bypass -File $folder\scenarios.ps1"
        $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $line
        $trigger = New-ScheduledTaskTrigger -AtStartup
        Register-ScheduledTask -TaskName $task -Action $action -Trigger $trigger -User 'SYSTEM' -RunLevel Highest | Out-Null
        Try-Landfall 'the release is known and can be planned for' @('plan', '--region', '@REGION@') 0 'landfall up'
        Try-Landfall 'up asks for a restart' $up 10 'shutdown /r /t 0'
        Restart-For 'joined'
    }
    switch (Get-Content -Path "$folder\stage.txt") {
        'joined' {
            Wait-Status
            Try-Landfall 'it goes on by itself after the restart, and joins' @('status') 0 'container-instance/'
            Try-Landfall 'a second run has nothing to do' $up 0 'nothing to do'
            Restart-For 'restarted'
        }
        'restarted' {
            Wait-Status
            Try-Landfall 'it is the same instance after a restart' @('status') 0 'container-instance/'
            Try-Landfall 'an uninstall takes it back' @('uninstall') 0 'is still known to AWS'
            foreach ($service in 'Landfall', 'AmazonSSMAgent', 'AmazonECS') {
                $there = Get-Service -Name $service -ErrorAction SilentlyContinue
                Say ("{0} the service {1} is gone" -f $(if ($there) { 'FAILED' } else { 'passed' }), $service)
            }
            Say 'the end'
        }
    }
} catch {
    Say "FAILED the script itself: $_"
}
Stop-Computer -Force
